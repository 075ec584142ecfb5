"""What cannot be asked of a cell whose server is not the hub."""

from pushlab.lab.scenario.cells import Cell
from pushlab.systems.registry import HUB
from pushlab.systems.spec import SystemSpec, texts_of
from pushlab.systems.stamp import STAMP_BYTES

__all__ = ["broken_at"]

_CHANNEL = "{channel}"


def broken_at(
    cell: Cell, *, tls: bool, stall_s: float, channels: int, least_bytes: int
) -> tuple[str, str] | None:
    """A key of the scenario that does not go with this cell, and why; None: all do.

    Args:
        channels: how many there are.
        least_bytes: the size of the smallest message.
    """
    if cell.system == HUB:
        return None
    own = cell.own
    encrypted = own is not None and own.encrypted
    if least_bytes < STAMP_BYTES:
        return "payload_bytes", (
            f"a message of {least_bytes} bytes has no room for the stamp by which it is known"
            f" again; the smallest has {STAMP_BYTES}"
        )
    if tls and not encrypted:
        return "tls", f"{cell.system} is measured in plain text; leave out tls, or that system"
    if encrypted and not tls:
        return "tls", (
            f"{cell.system} is encrypted, as its url says, and all connections are, or none; leave"
            " tls out"
        )
    if stall_s and cell.served_by.attached_to:
        return "stall_s", f"{cell.system} is attached to, and nobody here may stop it; leave it out"
    if own is not None and channels > 1 and (where := _without_channel(own, cell.transport)):
        return "channels", (
            f"there are {channels:,}, and {where} names none of them: it has no {_CHANNEL}; give it"
            " one, or let channels be 'shared'"
        )
    return None


def _without_channel(own: SystemSpec, transport: str) -> str:
    """A table of the system's that does not say which channel is meant; empty: all do.

    A topic says it unless it is told otherwise, and is of no account where there are paths.
    """
    for name, table in (("publish", own.publish), (transport, own.speaks[transport])):
        if not any(_CHANNEL in text for key, text in texts_of(table) if key != "topic"):
            return f"system.{name}"
    return ""
