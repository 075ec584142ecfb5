"""Long proofs: what only shows after many minutes."""
