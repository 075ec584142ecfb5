"""What transports share on the wire: ASGI for server halves; HTTP/1.1, polls, a driver for clients'.

Plug-ins may build on it as the built-in transports do.
"""
