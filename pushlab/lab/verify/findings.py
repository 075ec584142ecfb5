"""What a clause promises, and what became of it at one system over one transport."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["ClauseSeen", "Inapplicable", "Verdict", "Verified", "breaks", "holds"]

#: "not tried": something before it has failed, so that nothing would be learned.
Verdict = Literal["holds", "breaks", "does not apply", "not tried"]


@dataclass(frozen=True, slots=True)
class ClauseSeen:
    """What became of one clause.

    Attributes:
        said: what was seen; of one that does not apply, why.
        took_s: how long it took to find out.
    """

    verdict: Verdict
    said: str
    took_s: float = 0.0


class Inapplicable(Exception):
    """The clause does not apply; the text says why."""


def holds(said: str) -> ClauseSeen:
    """It holds."""
    return ClauseSeen("holds", said)


def breaks(said: str) -> ClauseSeen:
    """It is broken."""
    return ClauseSeen("breaks", said)


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of all clauses at one system.

    Attributes:
        version: of the server; empty: not known.
        seen: by transport, by the clause's name.
        required: by transport, the clauses that must hold.
    """

    system: str
    version: str = ""
    seen: Mapping[str, Mapping[str, ClauseSeen]] = field(default_factory=dict)
    required: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def broken(self) -> list[tuple[str, str]]:
        """Transport and clause of each that had to hold, and breaks or was not tried."""
        return [
            (transport, name)
            for transport, names in self.required.items()
            for name in names
            if self.seen[transport][name].verdict in ("breaks", "not tried")
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries and lists."""
        return dataclasses.asdict(self)
