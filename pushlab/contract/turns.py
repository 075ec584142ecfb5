"""What one hub of several does at a time, and another takes over."""

__all__ = ["Deposed"]


class Deposed(Exception):
    """Another hub does from now on what ran here: end without a word to anybody."""
