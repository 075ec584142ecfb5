"""Autobahn's suite for WebSocket, which needs Python 2.7, against both ends."""
