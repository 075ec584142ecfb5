"""What transports share on the wire: ASGI for servers; HTTP/1.1, polls and a driver for clients.

Plug-ins may build on it as the built-in transports do.
"""
