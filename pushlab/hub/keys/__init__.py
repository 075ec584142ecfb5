"""Who may read: signing keys, what stands on a token, what is revoked, and their files."""
