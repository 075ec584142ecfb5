"""pushlab measures and teaches polling versus push: one contract, five transports, one lab."""

from importlib import import_module

TYPE_CHECKING = False  # `typing` has one too, and takes its time to load
if TYPE_CHECKING:
    from pushlab.client import connect
    from pushlab.contract.cursor import Cursor
    from pushlab.contract.events import (
        Closed,
        Connected,
        Disconnected,
        Gap,
        Message,
        Overtaken,
    )
    from pushlab.errors import PushlabError

__version__ = "0.1.0"
__all__ = [
    "Closed",
    "Connected",
    "Cursor",
    "Disconnected",
    "Gap",
    "Message",
    "Overtaken",
    "PushlabError",
    "__version__",
    "connect",
]

_EVENTS = "pushlab.contract.events"
_PLACES = {
    **dict.fromkeys(
        ("Closed", "Connected", "Disconnected", "Gap", "Message", "Overtaken"), _EVENTS
    ),
    "Cursor": "pushlab.contract.cursor",
    "PushlabError": "pushlab.errors",
    "connect": "pushlab.client",
}


def __getattr__(name: str) -> object:
    """What is asked for, loaded when it is: a command loads no client before it knows Ctrl-C."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_PLACES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
