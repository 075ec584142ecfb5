"""The server: channels, presence, tokens, hit counting, the ASGI application, child processes."""
