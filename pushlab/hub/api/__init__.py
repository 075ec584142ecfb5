"""The HTTP API for applications."""
