"""What the race's server and the crowd's process tell each other."""

from dataclasses import dataclass, field
from typing import Any

from pushlab.runs import Link

__all__ = ["COUNTED", "LaneRequest", "LaneStatus"]

#: What is counted of a lane.
COUNTED = ("bytes_in", "bytes_out", "deliveries")


@dataclass(frozen=True, slots=True)
class LaneRequest:
    """Who shall be in a lane.

    Attributes:
        endpoint: where the transport listens, with ``url``.
        token: for all of them; a secret.
        authority: whom to trust where that is encrypted, as a PEM certificate.
    """

    clients: int
    token: str = field(repr=False)
    endpoint: dict[str, Any] = field(repr=False)
    options: dict[str, Any]
    link: Link
    authority: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStatus:
    """Who is in a lane.

    Attributes:
        accepted, ended: how many the server has accepted, and ended.
        trouble: the most frequent one; "": none.
        counted: by the names in `COUNTED`.
    """

    clients: int
    accepted: int
    ended: int
    trouble: str
    counted: dict[str, int]
