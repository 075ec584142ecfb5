"""A mark: what may have coloured figures of a cell, and what it could have made of each.

A mark is judged against what its figure is used for. The same four milliseconds are nothing beside
the half second of a poller, and all there is to say of an event stream.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

__all__ = ["FLOOR_SHARE", "SHARE", "Kind", "Mark", "against"]

#: A mark counts where it could have made more than this share of a figure, or of a difference.
SHARE = 0.10
#: The harness's own floor counts from here on. It is in every cell's figure and falls out of their
#: differences, so it is not what tells two cells apart: it says how much of one is the server's.
FLOOR_SHARE = 0.50

#: ``generator-bound``: swarm or publisher were late or full. ``busy-machine``: other programs kept
#: the run's processes from their cores. ``stall``: the machine stood still, since its host took its
#: time or a limit was reached. ``stamp-error``: receipts were stamped late. ``skipped-polls``: an
#: answer took longer than an interval. ``floor``: the harness itself takes so long.
Kind = Literal["generator-bound", "busy-machine", "stall", "stamp-error", "skipped-polls", "floor"]


@dataclass(frozen=True, slots=True)
class Mark:
    """What one disturbance could have made of a cell's figures.

    Attributes:
        kind: its name.
        cause: who did what, in few words: ``the hub waited for its core``.
        sizes: by figure, what it could have made of it at most, in the figure's unit; infinite
            where nothing bounds it.
        known: whether that is what it has made, and no bound.
    """

    kind: Kind
    cause: str
    sizes: Mapping[str, float] = field(default_factory=dict)
    known: bool = False

    def size(self, figure: str) -> float:
        """What it could have made of a figure; 0 where it has nothing to do with it."""
        return self.sizes.get(figure, 0.0)

    def to_json(self) -> dict[str, Any]:
        """As ``run.json`` has it: null where nothing bounds a size."""
        sizes = {name: size if math.isfinite(size) else None for name, size in self.sizes.items()}
        return {"kind": self.kind, "cause": self.cause, "sizes": sizes, "known": self.known}

    def beyond(self, others: Sequence["Mark"]) -> "Mark":
        """What is left of it beside the marks of another cell: what both have falls out."""
        same = next((one for one in others if one.cause == self.cause), None)
        if same is None or not self.known:
            return self
        sizes = {name: max(0.0, size - same.size(name)) for name, size in self.sizes.items()}
        return replace(self, sizes=sizes)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Mark":
        """The inverse of `to_json`."""
        sizes = {
            name: math.inf if size is None else float(size) for name, size in told["sizes"].items()
        }
        return cls(told["kind"], told["cause"], sizes, bool(told.get("known")))


def against(
    marks: Sequence[Mark], figure: str, value: float | None, effect: float | None = None
) -> list[Mark]:
    """The marks that count against a figure, the largest first.

    They count together: two that could have made 6 % each are both named, and of several as few as
    leave no more than a tenth unexplained.

    Args:
        value: the figure's.
        effect: a difference that the figure is used in, in its unit: then a tenth of that is what
            may pass, and the floor, which both sides have in them, does not count.
    """
    scale = value if effect is None else effect
    if scale is None:
        return []
    floors = [one for one in marks if one.kind == "floor"]
    found = [
        one for one in floors if effect is None and one.size(figure) > FLOOR_SHARE * abs(scale)
    ]
    others = [one for one in marks if one.kind != "floor" and one.size(figure) > 0]
    for one in sorted(others, key=lambda mark: -mark.size(figure)):
        left = sum(other.size(figure) for other in others if other not in found)
        if left <= SHARE * abs(scale):
            break
        found.append(one)
    return found
