"""One of several hubs that share a port, with its pages.

`pushlab.commands.serve_workers` starts ``python -m pushlab.commands.serve_worker``, as the
laboratory starts ``python -m pushlab.hub``.
"""

import sys

from pushlab.commands.serve_site import site_maker
from pushlab.hub.served_child import serve_as_child

__all__ = ["NO_PAGES"]

#: The one argument that it may have.
NO_PAGES = "--no-pages"

if __name__ == "__main__":
    pages = NO_PAGES not in sys.argv[1:]
    sys.exit(serve_as_child(lambda config: site_maker(config, pages=pages)))
