"""The summary of a run as a typed structure, and its JSON form as files have it.

It needs nothing large, so that a stored summary is shown without numpy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from typing import Any

from pushlab.analysis.cost.month_price import MonthPrice
from pushlab.analysis.models.prediction import Prediction
from pushlab.analysis.summary.catalogue import FIGURES, marked
from pushlab.analysis.summary.claims import Ranking
from pushlab.analysis.summary.figure import Derived
from pushlab.analysis.summary.mark import Mark, against
from pushlab.quantities import duration, with_unit
from pushlab.runs.records import HUB

__all__ = ["CellSummary", "Interval", "RunSummary", "nested", "void_words"]

Interval = tuple[float, float]
Figures = Mapping[str, float | None]

_LOSS = 0.01  # of what was expected
#: What ends with a stamp of the swarm's, and begins with one of the publisher's.
_STAMPED = frozenset({"latency_s", "latency_from_send_s", "staleness_s"})
_COUNTS = frozenset({"count", "publishes", "nonpositive"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSummary:
    """One cell's trials put together; ``cell["latency_s.p99"]`` is a figure of the catalogue.

    Attributes:
        status: ``ok``, ``partly-failed``, ``failed`` (no trial went well) or ``not-run``.
        transport: its name; None where no trial of it has begun, as `client` is.
        system: the name of the server under test.
        title: how tables and charts name it, where that is another word: ``FastAPI``.
        fresh: whether each trial had a process of its own.
        unwatched: why the server's CPU and memory are not known; empty where they are.
        withheld: of figures that would have an interval and have none, why, in words: ``too few
            trials``, ``too few samples`` (publishes).
        hits, hits_setup: by kind, those kinds alone that came.
        remarks: what its trials remark beside that, such as ``server-bound``.
        disturbances: what each disturbance could have made of which figure; see `marks_on`.
        unstable: the ranked figures that differ too much between trials, by `Figure.key`.
        per_trial: the main figures of each trial in plain values, failed ones with their reason.
    """

    status: str
    reason: str | None = None
    transport: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    client: str | None = None
    system: str = HUB
    title: str = ""
    fresh: bool = True
    unwatched: str = ""
    floor: bool = False
    values: Figures = field(default_factory=dict)
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    withheld: Mapping[str, str] = field(default_factory=dict)
    hits: Mapping[str, int] = field(default_factory=dict)
    hits_setup: Mapping[str, int] = field(default_factory=dict)
    hits_source: str | None = None
    broker: str | None = None
    backplane: str | None = None
    hub_workers: int = 1
    price: MonthPrice = field(default_factory=MonthPrice)
    predicted: Prediction | None = None
    remarks: Sequence[str] = ()
    disturbances: Sequence[Mark] = ()
    unstable: Sequence[str] = ()
    per_trial: Sequence[Mapping[str, object]] = ()

    def __getitem__(self, name: str) -> float | None:
        """A figure's value; None where it was not measured, or is not in so old a summary.

        Raises:
            KeyError: no such figure is declared.
        """
        made = FIGURES[name].made
        return made.of(self.__getitem__) if isinstance(made, Derived) else self.values.get(name)

    def why_blank(self, name: str) -> str:
        """Why a figure cannot be known that takes a look at the server; empty where it can."""
        if not self.unwatched or not FIGURES[name].looked or self[name] is not None:
            return ""
        return f"the server's CPU and memory are not known: {self.unwatched}"

    def count(self, name: str) -> int:
        """A figure that counts; 0 where it is not there."""
        return int(self[name] or 0)

    def interval(self, name: str) -> Interval | None:
        """A figure's 95 % interval, where it has one.

        That of a rate is as wide, for its size, as that of the figure that speaks for it: windows
        are equally long.
        """
        speaks = FIGURES[name].stability
        if name in self.intervals or not isinstance(FIGURES[name].made, Derived) or not speaks:
            return self.intervals.get(name)
        found, scale = self.intervals.get(speaks), self.over(name, speaks)
        return (found[0] * scale, found[1] * scale) if found and scale else None

    def over(self, top: str, bottom: str) -> float | None:
        """One figure over another; None where either is missing or the lower is 0."""
        return Derived(top, bottom).of(self.__getitem__)

    def clocks_blur(self, figure: str) -> float:
        """How far the clocks leave a figure open, in seconds: 0 where all stamps are of one."""
        group, _, what = figure.rpartition(".")
        if group not in _STAMPED or what in _COUNTS:
            return 0.0
        return self["clock_bound_s"] or 0.0

    def marks_against(
        self, figure: str, effect: float | None = None, beside: "CellSummary | None" = None
    ) -> Sequence[tuple[Mark, float]]:
        """What could have made more than a tenth of a figure, or of a difference; and how much.

        A figure of two others has the marks of the upper one. That the server was at its limit is
        no mark here: it is a finding, and in `remarks`.

        Args:
            effect: a difference that the figure is used in, in the figure's unit, as a size is.
            beside: the cell that it differs from; what is known to be in both falls out.

        Raises:
            KeyError: no such figure is declared.
        """
        made, value, name, scale = FIGURES[figure].made, self[figure], figure, 1.0
        if isinstance(made, Derived):
            name, scale = made.top, self[made.bottom] or 1.0
        scaled = [None if each is None else each * scale for each in (value, effect)]
        others = () if beside is None else beside.disturbances
        found = against([mark.beyond(others) for mark in self.disturbances], name, *scaled)
        return [(mark, mark.size(name) / scale) for mark in found]

    def marks_on(
        self, figure: str, effect: float | None = None, beside: "CellSummary | None" = None
    ) -> Sequence[str]:
        """The same in words: ``busy-machine: the hub waited for a core, up to 4.00 ms``."""
        unit = FIGURES[figure].unit
        return [
            f"{mark.kind}: {mark.cause}"
            + (f", up to {with_unit(size, unit)}" if isfinite(size) else "")
            for mark, size in self.marks_against(figure, effect, beside)
        ]

    @property
    def marked(self) -> Mapping[str, Sequence[str]]:
        """The main figures that have marks, with these."""
        found = {one.name: self.marks_on(one.name) for one in marked()}
        return {name: marks for name, marks in found.items() if marks}

    @property
    def marks(self) -> Sequence[str]:
        """The kinds of marks on its main figures, and what its trials remark beside them."""
        kinds = {mark.kind for one in marked() for mark, _ in self.marks_against(one.name)}
        return [*sorted(kinds), *(one for one in self.remarks if one not in kinds)]

    @property
    def server(self) -> str:
        """How tables and charts name the server under test."""
        return self.title or self.system

    def is_like(self, other: "CellSummary") -> bool:
        """Whether two cells may be held against each other: they differ in one thing.

        At one server, in their transports or settings; or in their servers alone, and then the
        options that both have are equal.
        """
        if self.system == other.system:
            return True
        both = self.options.keys() & other.options.keys()
        return (self.transport, self.client) == (other.transport, other.client) and all(
            self.options[key] == other.options[key] for key in both
        )

    @property
    def is_whole(self) -> bool:
        """Whether it did the work that was asked; who lost more than 1 % is not compared."""
        return self.count("lost") <= _LOSS * self.count("expected")

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it was measured."""
        return self.status in ("failed", "not-run")

    @property
    def plain_marks(self) -> list[str]:
        """The marks that are names; the others say why."""
        return [mark for mark in self.marks if " " not in mark]

    @property
    def own_marks(self) -> list[str]:
        """The names that are no disturbance of a figure: what the cell itself was."""
        kinds = {mark.kind for mark in self.disturbances}
        return [mark for mark in self.plain_marks if mark not in kinds]

    def to_json(self) -> dict[str, Any]:
        """The object that ``run.json`` has of a cell; see results/README.md."""
        told = asdict(self)
        told["disturbances"] = [mark.to_json() for mark in self.disturbances]
        values, intervals = told.pop("values"), told.pop("intervals")
        told["usd_per_month"] = told.pop("price")
        told |= {"marks": list(self.marks), "marked": dict(self.marked)}
        flat = {}
        for one in FIGURES.values():
            if one.stored:
                flat[one.name] = values.get(one.name)
                if one.interval:
                    found = intervals.get(one.name)
                    flat[f"{one.name}_ci"] = None if found is None else list(found)
        figures = nested(flat)
        if all(value is None for value in figures["connect_storm"].values()):
            figures["connect_storm"] = None
        return {**told, **figures, **told}  # what is told whole stands before its figures

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "CellSummary":
        """What `to_json` gave, or an older pushlab stored: figures that it lacks are None."""
        stored = [one.name for one in FIGURES.values() if one.stored]
        values = {name: _number(told, name) for name in stored}
        bounds = {name: _at(told, f"{name}_ci") for name in stored}
        if told.get("hits_source"):  # a kind that never came has no key
            kinds = [name for name in stored if name.startswith(("hits.", "hits_setup."))]
            values |= {name: values[name] or 0 for name in kinds}
        predicted = told.get("predicted")
        known = {one.name: told[one.name] for one in fields(cls) if one.name in told}
        if "disturbances" not in told:  # of a pushlab that had marks in words alone
            known["remarks"] = told.get("marks", ())
        known |= {
            "values": values,
            "intervals": {n: (float(ci[0]), float(ci[1])) for n, ci in bounds.items() if ci},
            "disturbances": [Mark.from_json(one) for one in told.get("disturbances", ())],
            "price": MonthPrice.from_json(told.get("usd_per_month")),
            "predicted": None if predicted is None else Prediction.from_json(predicted),
        }
        return cls(**known)


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run amounts to.

    Attributes:
        rankings: by the `key` of each figure that titles speak of; what may be said of each two
            cells.
        findings: what each chart's title says, by the chart's name.
        floor_s: the null transport's mean latency; None if the run did not measure it.
        caveats: what a reader must know, in whole sentences, the gravest first.
    """

    cells: Mapping[str, CellSummary]
    rankings: Mapping[str, Ranking]
    floor_s: float | None
    caveats: Sequence[str]
    findings: Mapping[str, str] = field(default_factory=dict)

    @property
    def void(self) -> str:
        """Why no latency of the run is worth anything; empty as a rule. See `void_words`."""
        return void_words(self.cells, self.floor_s)

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries and lists, as ``run.json`` has them."""
        return {
            "transports": {label: cell.to_json() for label, cell in self.cells.items()},
            "comparisons": {key: one.to_json() for key, one in self.rankings.items()},
            "findings": dict(self.findings),
            "floor_s": self.floor_s,
            "void": self.void or None,
            "caveats": list(self.caveats),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "RunSummary":
        """What `to_json` gave."""
        return cls(
            {label: CellSummary.from_json(cell) for label, cell in told["transports"].items()},
            {key: Ranking.from_json(one) for key, one in told.get("comparisons", {}).items()},
            told.get("floor_s"),
            told.get("caveats", ()),
            told.get("findings", {}),
        )


def void_words(cells: Mapping[str, CellSummary], floor_s: float | None) -> str:
    """Why no latency of a run is worth anything: what measuring alone takes lies above a latency.

    Returns:
        Empty where the floor is where it should be, or is not known.
    """
    known = {
        cell: mean_s
        for cell, summary in cells.items()
        if not summary.floor and (mean_s := summary["latency_s.mean"]) is not None
    }
    least = min(known, key=lambda cell: known[cell], default=None)
    if least is None or floor_s is None or floor_s < known[least]:
        return ""
    return (
        f"the harness alone took {duration(floor_s)}, which is not below"
        f" the {duration(known[least])} of {least}"
    )


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Values under their paths: ``latency_s.p99`` is ``p99`` in the object ``latency_s``."""
    told: dict[str, Any] = {}
    for path, value in flat.items():
        *above, last = path.split(".")
        holder = told
        for key in above:
            holder = holder.setdefault(key, {})
        holder[last] = value
    return told


def _at(told: Mapping[str, Any], path: str) -> Any:
    found: Any = told
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _number(told: Mapping[str, Any], path: str) -> float | None:
    found = _at(told, path)
    return None if isinstance(found, bool) or not isinstance(found, int | float) else found
