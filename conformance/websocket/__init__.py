"""WebSocket (RFC 6455): raw cases against both ends, and Autobahn's."""
