"""Systems under test: the hub, servers of other makes, and the user's own, measured alike.

A system is one file: how it is started and known to be ready (or attached to), how a message is
published, which transports it speaks and how, what of it is watched, and what counts its hits. It
is registered under the entry-point group ``pushlab.systems``.
"""
