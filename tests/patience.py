"""How long tests wait for what must happen: the machine may be ten times slower than this one.

A wait ends as soon as its event comes, so patience costs nothing; a test that reaches it has
failed. It is shorter than pytest's own ``timeout``, which knows less about what was waited for.
"""

PATIENCE_S = 120.0
