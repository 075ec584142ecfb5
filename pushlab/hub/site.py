"""What a hub serves besides the API and the transports: a site, given to `serve` by its caller.

The hub knows of it only this: whether a path is the site's, and that it runs beside the hub.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from pushlab.contract.serving import Receive, Scope, Send
from pushlab.hub.core import Hub

__all__ = ["Site", "SiteMaker"]


class Site(Protocol):
    """Pages, and what is behind them."""

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Serve an HTTP request; False, with nothing sent, when the path is not the site's."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """What runs beside the hub while it serves."""


#: Makes the site of a hub that does not listen yet.
SiteMaker = Callable[[Hub], Site]
