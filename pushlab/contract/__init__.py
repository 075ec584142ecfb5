"""What every transport agrees on: names, limits, tokens, cursors, events, and the two halves.

Nothing here opens a socket, reads a clock or knows a web framework.
"""
