"""Client halves for wires that are not pushlab's: plain polls, event streams, sockets, and others.

Each is sans-I/O like those of `pushlab.transports`, follows a `Speech`, and hands on what it calls
a message as `Unnumbered`; it knows neither numbers nor stamps.
"""
