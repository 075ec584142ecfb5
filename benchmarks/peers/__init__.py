"""The peers: one script each, written as its own documentation advises, counting on a board."""
