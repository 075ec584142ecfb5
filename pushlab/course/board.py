"""A race's result: a measurement with a leader board."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pushlab.course.board_chart import board_chart
from pushlab.course.measured import Measurement
from pushlab.course.measurement_charts import Measured
from pushlab.course.pictures import Picture
from pushlab.course.same_rule import CLOCK
from pushlab.course.standings import Standing, duel, scores_of, standings

__all__ = ["Board"]

_FEW = 3


class Board(Measured):
    """A race: a measurement, its places, and a picture of cost over wait.

    Args:
        measured: the race, with the figures of each trial.
        same: of a row's label, that of another with the same rule; see `same_rules`.
        how: how it was raced, where not with servers.
    """

    def __init__(
        self, measured: Measurement, same: Mapping[str, str] | None = None, *, how: str = ""
    ) -> None:
        super().__init__(
            measured.work, measured.rows, here=measured.here, month=measured.make_month
        )
        self.same = dict(same or {})
        self.how = how

    @property
    def places(self) -> Sequence[Standing]:
        """The rows, the best first."""
        return standings(self.rows, self.work.clients, self.same)

    @property
    def winner(self) -> str | None:
        """The label of the one row that beats all others by more than chance, if there is one."""
        leaders = [one for one in self.places if one.place == 1]
        placed = [one for one in self.places if one.place is not None]
        clear = len(leaders) == 1 and (len(placed) > 1 or len(self.rows) > 1)
        return leaders[0].row.cell if clear and self._trials() >= _FEW else None

    def verdict(self) -> str:
        """Who won, in one sentence that claims no more than was measured."""
        placed = [one for one in self.places if one.place is not None]
        leaders = [one for one in placed if one.place == 1]
        if not placed:
            return "Nobody is placed: every one of them lost messages"
        if self.winner is not None:
            return _won(placed, self.work.clients)
        first = _names(leaders)
        twins = [one for one in leaders if one.twin]
        if twins and len(leaders) == 2:
            other = self.row(twins[0].twin)
            rule = "by the clock" if other.transport == CLOCK else "by the same rule"
            return (
                f"A draw: {twins[0].row.name} and {other.name} both ask {rule};"
                " what sets them apart is chance"
            )
        if self._trials() < _FEW:
            return "Too few trials to tell a rule from chance: race with trials=5"
        if len(leaders) == 1:
            return f"{first} is the only one that is placed"
        return f"A draw: no difference between {first} that is larger than chance"

    def board(self) -> Picture:
        """The picture: what each costs, and how long a message waits with it."""
        return board_chart(self, self.places, self.verdict(), self.how)

    def sentence(self) -> str:
        """What was raced, in one sentence."""
        return self.how or super().sentence()

    def __str__(self) -> str:
        return f"{self.verdict()}.\n" + "\n".join(map(_line, self.places))

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        return self.board()._repr_mimebundle_(include, exclude)

    def _trials(self) -> int:
        return min((len(scores_of(row, self.work.clients)) for row in self.rows), default=0)


def _won(placed: Sequence[Standing], clients: int) -> str:
    first = placed[0]
    if len(placed) == 1:
        return f"{first.row.name} wins: all others lost messages"
    seconds = [one for one in placed if one.place == placed[1].place]
    second = next((one for one in seconds if one.row.transport == CLOCK), placed[1])
    found = duel(scores_of(first.row, clients), scores_of(second.row, clients))
    if found.ratio == 0 or not math.isfinite(found.ratio):
        return f"{first.row.name} wins: it gets its messages without asking"
    less, least, most = (round(100 * (1 - part)) for part in (found.ratio, found.high, found.low))
    sure = f" ({least} to {most} %)" if least != most else ""
    return (
        f"{first.row.name} wins: at equal cost a message waits {less} %{sure} less than with"
        f" {second.row.name}"
    )


def _names(some: Sequence[Standing]) -> str:
    names = [one.row.name for one in some]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _line(one: Standing) -> str:
    where = f"{one.place}." if one.place else "-"
    if one.out:
        return f"  {where:3} {one.row.name}: {one.out}, so it is out of the race"
    sure = f" ({one.low:.2f} to {one.high:.2f})" if one.low is not None else ""
    return (
        f"  {where:3} {one.row.name}: score {one.score:.2f}{sure};"
        f" {one.asks_per_s:.2g} requests a second of each client, a message waits"
        f" {one.waits_s:.2g} s"
    )
