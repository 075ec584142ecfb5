"""Tries a server with one client and a few messages, and finds out what it is like."""
