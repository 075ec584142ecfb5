"""pushlab measures and teaches polling versus push: one contract, five transports, one lab."""

from pushlab.client import connect
from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Closed, Connected, Disconnected, Gap, Message
from pushlab.errors import PushlabError

__version__ = "0.1.0"
__all__ = [
    "Closed",
    "Connected",
    "Cursor",
    "Disconnected",
    "Gap",
    "Message",
    "PushlabError",
    "__version__",
    "connect",
]
