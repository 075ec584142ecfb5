"""A reader's place: where the server tells it, as `Speech.last_id` says.

====================  ===========================================================================
``$.last``            in JSON: of an answer, an event's data, or a text (``$.items[-1].id``)
``header:Name``       a header of a poll's answer
``validators``        of a poll's answer ``ETag`` and ``Last-Modified``, which go back by themselves
                      as ``If-None-Match`` and ``If-Modified-Since`` (RFC 9110, section 13.1)
``id``                an event's ID, which goes back by itself as ``Last-Event-ID``; of a text on a
                      WebSocket its first line ``id: ...``
====================  ===========================================================================
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from pushlab.errors import UsageError
from pushlab.wire.http1 import ResponseParser

__all__ = ["Place", "fit", "parser_with"]

_STEP = re.compile(r"\.([^.\[\]]+)|\[(-?\d+)\]")
_MOST = 1_000  # letters of a place
_ID = b"id: "


def fit(found: str) -> bool:
    """Whether a text can be a place: it comes from a stranger, and goes into a request's head."""
    return 0 < len(found) <= _MOST and found.isprintable()


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look.

    Attributes:
        kind: ``json``, ``header``, ``validators``, ``id``; empty: nowhere.
        steps: into the JSON.
        header: its name, in lower case.
    """

    kind: str = ""
    steps: tuple[str | int, ...] = ()
    header: str = ""

    @staticmethod
    @cache
    def of(told: str) -> "Place":
        """Read `Speech.last_id`. Raises UsageError."""
        if told in ("", "id", "validators"):
            return Place(told)
        kind, _, name = told.partition(":")
        if kind == "header" and re.fullmatch(r"[A-Za-z0-9-]+", name):
            return Place("header", header=name.lower())
        steps = _STEP.findall(told[1:])
        if told[0] == "$" and steps and "".join(_spelled(*each) for each in steps) == told[1:]:
            return Place("json", tuple(int(number) if number else name for name, number in steps))
        raise UsageError(
            f"last_id is {told[:40]!r}; it must be such as '$.last', '$.items[-1].id',"
            " 'header:ETag', 'validators' or 'id'"
        )

    def in_json(self, data: bytes) -> str:
        """The place that a JSON text tells; empty where it tells none."""
        try:
            found: Any = json.loads(data)
            for step in self.steps:
                found = found[step]
        except (ValueError, LookupError, TypeError, RecursionError):
            return ""
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            return ""
        return str(found)

    def in_text(self, data: bytes) -> str:
        """The place that one message tells; empty where it tells none."""
        if self.kind == "json":
            return self.in_json(data)
        if self.kind == "id" and data.startswith(_ID):
            return data[len(_ID) :].partition(b"\n")[0].decode("utf-8", "replace").strip()
        return ""


def _spelled(name: str, number: str) -> str:
    return f"[{number}]" if number else f".{name}"


@cache
def parser_with(*names: str) -> type[ResponseParser]:
    """A parser of answers that keeps these headers too."""
    wanted = {*ResponseParser.READ, *(name.lower().encode() for name in names)}
    lengths = {len(name) for name in wanted}
    return type(
        "PlaceParser", (ResponseParser,), {"__slots__": (), "READ": wanted, "LENGTHS": lengths}
    )
