"""Server-sent events: the cases of the WHATWG's format, at every split of their bytes."""
