"""What a chart's title says: the finding, in words made from the figures and from nothing else.

Two cells are told apart only where their pair is a claim (`pushlab.analysis.summary.claims`).
Otherwise a title says what is known, "no difference larger than 0.3 ms", or what is missing, "needs
about 8 more trials". Extremes are told as what was seen in these trials. Where asking beats
pushing, the title says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pushlab.analysis.summary.across import across_words
from pushlab.analysis.summary.by_system import BySystem, by_system, plain_label
from pushlab.analysis.summary.claims import Pair, Ranking
from pushlab.analysis.summary.model import CellSummary, void_words
from pushlab.contract.profile import Profile
from pushlab.quantities import brief, duration, listed, number, span, times
from pushlab.runs.records import HUB

__all__ = ["findings_of"]

Show = Callable[[float], str]

_NONE = 0.005  # hits per delivery that print as none
_NARROW = 1.15  # an interval whose ends are closer than this is told as one number


@dataclass(frozen=True, slots=True)
class _Field:
    """The cells that a sentence is about, by one figure, and what may be said of them.

    Attributes:
        order: those that have the figure and did their work, lowest first.
        known: the figure of each.
    """

    names: Mapping[str, str]
    profiles: Mapping[str, Profile]
    ranking: Ranking
    known: Mapping[str, float]

    @property
    def order(self) -> list[str]:
        return sorted(self.known, key=lambda cell: self.known[cell])

    @property
    def ends(self) -> Pair | None:
        """The two that a title names: of those that are told apart, the farthest apart."""
        claims = [pair for pair in self.ranking.among(self.order) if pair.claimed]
        return max(claims, key=self.width, default=None)

    def width(self, pair: Pair) -> tuple[float, float]:
        """How far apart two cells are: nothing against something before all."""
        return pair.ratio or float("inf"), self.known[pair.high]

    def leaders(self, ends: Pair) -> list[str]:
        """Who is below the higher end as surely as the lower one, and not surely above that."""
        below = [cell for cell in self.order if self.ranking.less(cell, ends.high)]
        return [cell for cell in below if not self.ranking.less(ends.low, cell)]

    def polling_wins(self) -> bool:
        """Whether a cell that asks is surely below all that are pushed to."""
        pushed = [cell for cell in self.order if self.profiles[cell].pushes]
        asking = [cell for cell in self.order if self.profiles[cell].asks]
        return bool(pushed) and any(
            all(self.ranking.less(cell, other) for other in pushed) for cell in asking
        )

    def verdict(self) -> str:
        """What precedes a sentence of the ends, where it begins with one that asks and wins."""
        ends = self.ends
        wins = ends and all(self.profiles[cell].asks for cell in self.leaders(ends))
        return "Polling wins: " if wins and self.polling_wins() else ""

    def upset(self, verb: str) -> str:
        """A clause for the case that asking beats some pushing without winning; else empty."""
        found = [
            pair
            for pair in self.ranking.among(self.order)
            if pair.claimed and self.profiles[pair.low].asks and self.profiles[pair.high].pushes
        ]
        if not found or self.polling_wins():
            return ""
        widest = max(found, key=self.width)
        return f"; {self.names[widest.low]} {verb} {self.names[widest.high]}"

    def unplaced(self, ends: Pair) -> str:
        """A clause on those that are told apart from neither end; else empty."""
        open_ones = [
            cell
            for cell in self.order
            if cell not in (ends.low, ends.high)
            and not self.ranking.less(cell, ends.high)
            and not self.ranking.less(ends.low, cell)
        ]
        if not open_ones:
            return ""
        pairs = [self.ranking.of(cell, ends.low) for cell in open_ones]
        why = next((self.why(pair) for pair in pairs if pair), "")
        return f"; not placed: {listed([self.names[cell] for cell in open_ones])} ({why})"

    def why(self, pair: Pair) -> str:
        """What a pair lacks, its cells by their names in sentences."""
        told = pair.missing
        for cell in (pair.low, pair.high):
            if told.startswith(f"{cell}: "):
                kind = told.removeprefix(f"{cell}: ").partition(":")[0]  # the rest is a remark
                return f"{self.names[cell]}: {kind}"
        return told

    def undecided(self, show: Show, of: str = "") -> str:
        """The sentence where no two are told apart: alike, or what is missing.

        Args:
            of: stands behind the figures: their unit, or which statistic they are.
        """
        pairs = self.ranking.among(self.order)
        who = listed([self.names[cell] for cell in self.order])
        bounds = [pair.at_most for pair in pairs if pair.at_most is not None]
        if pairs and all(pair.alike for pair in pairs) and len(bounds) == len(pairs):
            return f"{who}: no difference larger than {show(max(bounds))}{of}"
        low, high = self.order[0], self.order[-1]
        reach = span((self.known[low], self.known[high]), show) or show(self.known[low])
        widest = self.ranking.of(low, high)
        if widest is None or widest.alike:  # then something between is not known
            widest = next((pair for pair in pairs if not pair.alike), None)
        if widest is None:
            return f"{who}: {reach}{of}"
        shown = "nothing is claimed" if widest.withheld else "no difference is shown"
        return f"{who}: {shown}, {reach}{of}; {self.why(widest)}"


def findings_of(
    cells: Mapping[str, CellSummary],
    rankings: Mapping[str, Ranking],
    profiles: Mapping[str, Profile],
    floor_s: float | None = None,
) -> dict[str, str]:
    """What each chart of a run says, by the chart's name.

    Args:
        cells: of the run; the harness's floor is not spoken of.
        rankings: by figure, as `RunSummary` has them.
        profiles: what each cell's transport is.
    """
    rivals = {cell: summary for cell, summary in cells.items() if not summary.floor}
    grid, void = by_system(cells), void_words(cells, floor_s)
    names = {
        cell: profiles[cell].called(plain_label(cell, summary.system), within=True)
        for cell, summary in rivals.items()
    }

    def of(some: Sequence[str]) -> "_Fields":
        return _Fields({cell: rivals[cell] for cell in some}, names, profiles, rankings)

    if grid.several:
        across = _across(grid, rivals, profiles, rankings, void)
        each = {system: of(grid.of(system)) for system in grid.systems}
        made = {}
        for chart, text in across.items():
            made[chart] = text
            made |= _on_each(chart, grid, each, void)
    else:
        one = of(list(rivals))
        charts = [*_CHARTS, *(["5-cost"] if set(grid.systems) <= {HUB} else [])]
        made = {chart: one.said(chart, void) for chart in charts}
    return {chart: f"{text[0].upper()}{text[1:]}" for chart, text in made.items()}


_CHARTS = ("1-latency", "2-hits", "3-staleness", "4-bytes-and-cpu")
_ONE = "no transport has it on two servers"


def _on_each(
    chart: str, grid: BySystem, systems: Mapping[str, "_Fields"], void: str
) -> dict[str, str]:
    """What a chart says of the transports of each server; of those of which it is the same, once.

    Nothing of a server with one transport alone.
    """
    said: dict[str, list[str]] = {}
    for system, one in systems.items():
        if chart in _CHARTS and len(one.cells) > 1:
            said.setdefault(one.said(chart, void), []).append(system)
    where = {text: f"on {grid.named(*some)}" for text, some in said.items()}
    return {f"{chart} {where[text]}": f"{where[text]}: {text}" for text in said}


@dataclass(frozen=True, slots=True)
class _Fields:
    """Cells of one server, by each figure."""

    cells: Mapping[str, CellSummary]
    names: Mapping[str, str]
    profiles: Mapping[str, Profile]
    rankings: Mapping[str, Ranking]

    def by(self, figure: str) -> _Field:
        """These cells by a figure."""
        return _Field(self.names, self.profiles, *_ranked(self.cells, self.rankings, figure))

    def said(self, chart: str, void: str) -> str:
        """What a chart says of them."""
        if chart == "1-latency":
            return _latency(self.cells, self.by, void)
        if chart == "2-hits":
            return _hits(self.by("hits_per_delivery"))
        if chart == "3-staleness":
            return _staleness(self.by("staleness_s.max"), self.by("latency_s.p50").ranking)
        if chart == "4-bytes-and-cpu":
            return _weight(self.by("bytes_per_delivery"), self.by("cpu_s_per_delivery"))
        return _cost(self.cells, self.names, self.profiles)


def _across(
    grid: BySystem,
    cells: Mapping[str, CellSummary],
    profiles: Mapping[str, Profile],
    rankings: Mapping[str, Ranking],
    void: str,
) -> dict[str, str]:
    """What charts say of each transport at several servers."""
    full = {cell: profiles[cell].called(cell, within=True) for cell in cells}
    names = {}
    for setting, there in grid.settings.items():
        cell = next(iter(there.values()))
        names[setting] = profiles[cell].called(plain_label(cell, cells[cell].system), within=True)

    def said(figure: str, noun: str) -> str:
        found = _Field(full, profiles, *_ranked(cells, rankings, figure))
        told = across_words(noun, grid, names, found.ranking, found.known, found.why)
        of = list(dict.fromkeys(cells[cell].system for cell in found.known))
        alone = f"known of {grid.named(*of)} alone" if len(of) == 1 else _ONE
        return told or f"{noun}: {alone}"

    delivered = [one for one in cells.values() if one["latency_s.count"]]
    medians = all(one["latency_s.p50"] is not None for one in delivered)
    figure, noun = ("latency_s.p50", "median") if medians else ("latency_s.mean", "mean")
    latency = said(figure, f"{noun} latency")
    return {
        "1-latency": f"void: {void}; no latency is ranked" if void else latency,
        "2-hits": said("hits_per_delivery", "requests per delivery"),
        "4-bytes-and-cpu": said("cpu_s_per_delivery", "CPU per delivery"),
        "4-bytes": said("bytes_per_delivery", "bytes per delivery"),
    }


def _ranked(
    cells: Mapping[str, CellSummary], rankings: Mapping[str, Ranking], figure: str
) -> tuple[Ranking, dict[str, float]]:
    """What is known of a figure; whoever did not do the same work is not spoken of."""
    known = {
        cell: value
        for cell, summary in cells.items()
        if summary.is_whole and summary["delivered"] and (value := summary[figure]) is not None
    }
    return rankings.get(figure.removesuffix(".mean"), Ranking()), known


def _multiple(pair: Pair) -> str:
    """How many times as much, as exactly as it is known: ``250 times``, ``180 to 320 times``."""
    if pair.ratio is None or pair.ci is None:
        return ""
    if pair.ci[1] <= pair.ci[0] * _NARROW:
        return times(pair.ratio)
    return span(pair.ci, times) or times(pair.ratio)


def _latency(cells: Mapping[str, CellSummary], field: Callable[[str], _Field], void: str) -> str:
    """Who delivers soonest, and by how much."""
    delivered = [s for s in cells.values() if s["latency_s.count"]]
    medians = all(s["latency_s.p50"] is not None for s in delivered)
    figure, word = ("latency_s.p50", "median") if medians else ("latency_s.mean", "mean")
    found = field(figure)
    if not found.order:
        return "nothing was delivered: there is no latency to show"
    if void:
        for cell, name in found.names.items():
            if void.endswith(f" of {cell}"):
                void = void.removesuffix(cell) + name
        return f"void: {void}; no latency is ranked"
    first = found.order[0]
    if len(found.order) == 1:
        p99 = cells[first]["latency_s.p99"]
        tail = f", 99 % within {duration(p99)}" if p99 is not None else ""
        return f"{found.names[first]} delivers in {duration(found.known[first])} ({word}){tail}"
    ends = found.ends
    if ends is None:
        return found.undecided(duration, f" ({word})")
    leaders = found.leaders(ends)
    who = listed([found.names[cell] for cell in leaders])
    verb = "delivers" if len(leaders) == 1 else "deliver"
    low, high = found.known[leaders[0]], found.known[leaders[-1]]
    reach = span((low, high), duration) or duration(low)
    takes = duration(found.known[ends.high])
    much = f", {multiple} as long" if (multiple := _multiple(ends)) else ""
    text = f"{found.verdict()}{who} {verb} in {reach} ({word}); {found.names[ends.high]} takes"
    return f"{text} {takes}{much}{found.upset('beats')}{found.unplaced(ends)}"


def _hits(found: _Field) -> str:
    """Who troubles the server most for one delivery, and who least."""
    if not found.order:
        return "nothing was delivered: there are no hits to share out"
    most = found.known[found.order[-1]]
    none = [cell for cell in found.order if found.known[cell] < _NONE]
    if len(found.order) == 1 or len(none) == len(found.order):
        who = listed([found.names[cell] for cell in found.order])
        return f"{who} {_need(len(found.order))} {_requests(most)} per delivery"
    ends = found.ends
    if ends is None:
        if all(pair.alike for pair in found.ranking.among(found.order)):
            return f"all need about {_requests(most)} per delivery"
        return f"requests per delivery: {found.undecided(number)}"
    high, rest = ends.high, found.upset("needs fewer than") + found.unplaced(ends)
    none = [cell for cell in none if found.ranking.less(cell, high)]
    told = f"{_requests(found.known[high])} per delivery"
    if none:
        who = listed([found.names[cell] for cell in none])
        text = f"{found.names[high]} costs {told}; {who} {_need(len(none))} none"
    else:
        least = f"{found.names[ends.low]} needs {_requests(found.known[ends.low])} per delivery"
        text = f"{least}, {found.names[high]} {number(found.known[high])}"
    return f"{found.verdict()}{text}{rest}"


def _need(count: int) -> str:
    return "needs" if count == 1 else "need"


def _requests(value: float) -> str:
    if value < _NONE:
        return "no request"
    return f"{number(value)} request" + ("" if abs(value - 1) < 0.005 else "s")


def _staleness(found: _Field, latencies: Ranking) -> str:
    """How far behind clients fell at worst, which is what was seen and no more.

    Two cells are named where their latencies are told apart.
    """
    if not found.order:
        return "nothing was measured: there is no staleness to show"
    first, last = found.order[0], found.order[-1]
    seen = f"a client fell up to {duration(found.known[last])} behind in these trials"
    if len(found.order) == 1:
        return f"with {found.names[first]} {seen}"
    if latencies.less(first, last):
        least = duration(found.known[first])
        return f"with {found.names[last]} {seen}, with {found.names[first]} up to {least}"
    return f"{seen}; {listed([found.names[cell] for cell in found.order])} are not told apart"


def _weight(sizes: _Field, loads: _Field) -> str:
    """What one delivery weighs, in bytes and in CPU time, at its lightest and its heaviest."""
    if not sizes.order and not loads.order:
        return "nothing was delivered: there is no weight to show"
    parts = [
        _part(sizes, brief, " bytes", "fewer bytes"),
        _part(loads, duration, " of CPU", "less CPU"),
    ]
    return f"per delivery {'; '.join(part for part in parts if part)}"


def _part(found: _Field, show: Show, unit: str, less: str) -> str:
    if not found.order:
        return ""
    if len(found.order) == 1:
        return f"{found.names[found.order[0]]} takes {show(found.known[found.order[0]])}{unit}"
    ends = found.ends
    if ends is None:
        return found.undecided(show, unit)
    low, high = ends.low, ends.high
    text = f"{found.names[low]} takes {show(found.known[low])}{unit}"
    text += f", {found.names[high]} {show(found.known[high])}"
    verdict = "polling wins: " if found.verdict() else ""
    rest = found.upset(f"takes {less} than") + found.unplaced(ends)
    return verdict + text + rest.replace("; ", ", ")


def _cost(
    cells: Mapping[str, CellSummary], names: Mapping[str, str], profiles: Mapping[str, Profile]
) -> str:
    """Who is surely cheaper than whom in the architecture of the summary."""
    from pushlab.analysis.cost.telling import Contender, within_words

    found, place = [], ""
    for cell, summary in cells.items():
        price = summary.price
        place = place or price.place
        if price.usd is None or not (summary.is_whole and summary["delivered"]):
            continue  # whoever did not do the same work is not spoken of
        low, high = price.low or 0.0, price.high or 0.0
        found.append(Contender(names[cell], profiles[cell], low, price.usd, high))
    return within_words(found, place) if place else "nothing was measured: no month has a price"
