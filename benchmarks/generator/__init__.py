"""pushlab's load generator beside other clients."""
