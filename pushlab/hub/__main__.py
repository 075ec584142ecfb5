"""The hub's process: ``python -m pushlab.hub``, with a `HubConfig` as a line on standard input."""

import sys

from pushlab.hub.served_child import serve_as_child

if __name__ == "__main__":
    sys.exit(serve_as_child())
