"""The tables of an advice: a month in one architecture, in each of them, and what push saves."""

from collections.abc import Callable, Mapping, Sequence

from pushlab.analysis.advice.page import Advice
from pushlab.analysis.advice.ranges import Range
from pushlab.analysis.advice.saving import Saving
from pushlab.analysis.advice.sentence import Basis, Sentence
from pushlab.analysis.cost.architecture import KINDS_OF_ARCHITECTURE, Architecture
from pushlab.quantities import amount, exact, number, span
from pushlab.tables.model import Cell, Column, Row, Table

__all__ = ["BASES_EXPLAINED", "rests_on", "savings_table", "tables_of"]

#: What figures rest on, as it stands behind a sentence.
_BASES: Mapping[Basis, str] = {
    "asked": "as asked",
    "measured": "measured",
    "closed form": "closed form",
    "document": "documents",
    "list price": "priced",
    "reference": "reference run",
    "guess": "guesses",
}

_TRANSPORT = Column("transport", text=True)
_SHORT = {
    "requests": "requests/s",
    "cores": "cores",
    "gigabytes": "GB a month",
    "usd": "USD a month",
}
_SHOWN = {"usd": amount, "servers": exact}
_APART = {
    "lower": "",
    "higher": "dearer than the first",
    "same": "the same as the first",
    "unknown": "not told apart from the first",
}


def rests_on(one: Sentence) -> str:
    """What the figures of a sentence rest on, in words; empty where all were asked."""
    return "; ".join(_BASES[basis] for basis in one.bases)


#: What those words mean, for the end of a page.
BASES_EXPLAINED = (
    "In brackets: what the figures rest on. Priced: list prices times what measured costs and"
    " guesses make of the load, from the cheap to the dear end of all guesses. Reference run: costs"
    " of the run that comes with pushlab, on another machine. Closed form: follows from what was"
    " asked."
)


def tables_of(advice: Advice) -> Mapping[str, list[Table]]:
    """The tables that stand below the sentences of a part, by its key."""
    found = {
        "answer": [_within(advice), _across(advice)],
        "saves": [savings_table(advice.savings, advice.costs.chosen)],
    }
    return {key: [table for table in some if table.rows] for key, some in found.items()}


def _told(found: Range, show: Callable[[float], str]) -> str:
    return span((found.low, found.high), show) or show(found.likely)


def _within(advice: Advice) -> Table:
    """Each transport in the architecture that was chosen, cheapest first."""
    rows = []
    for one in advice.costs.within:
        name = one.profile.called(one.cell)
        if one.likely is None:
            rows.append(Row([name], problem=one.cannot, colour=one.profile.colour))
            continue
        parts: dict[str, float] = {}
        for item in one.likely.items:
            parts[item.part] = parts.get(item.part, 0.0) + item.usd
        most = sorted(parts, key=lambda part: -parts[part])[:2]
        mostly = ", ".join(f"{part} {amount(parts[part])}" for part in most)
        cells = [
            Cell(_told(Range(one.range_usd[0], one.usd, one.range_usd[1]), amount)),
            Cell(one.usd),
            Cell(mostly),
        ]
        rows.append(Row([name], cells, colour=one.profile.colour))
    columns = [
        Column("USD a month", "from low to high", head="USD from low to high"),
        Column("USD a month", "likely", show=amount, head="USD, likely"),
        Column("mostly for", text=True),
    ]
    caption = f"A month of each transport, all on one architecture: {advice.costs.chosen.title}."
    return Table([_TRANSPORT], columns, rows, caption)


def _across(advice: Advice) -> Table:
    """The cheapest transport that delivers at once in each architecture, cheapest first."""
    rows = []
    for one in advice.others:
        side = one.side
        cells = [
            Cell(KINDS_OF_ARCHITECTURE[side.architecture.kind]),
            Cell(side.traffic.profile.called(side.cell)),
            Cell(_told(side.range_of(side.usd), amount)),
            Cell(side.usd()),
            Cell(_APART[one.answer] if one is not advice.others[0] else "the first"),
        ]
        rows.append(Row([side.architecture.short], cells, colour=side.traffic.profile.colour))
    columns = [
        Column("kind", text=True),
        Column("transport", text=True),
        Column("USD a month", "from low to high", head="USD from low to high"),
        Column("USD a month", "likely", show=amount, head="USD, likely"),
        Column("beside the first", text=True),
    ]
    caption = (
        "Architectures of different kinds, each with the transport that delivers at once for least,"
        " in the order of likely values, which tells nothing where they are not told apart."
    )
    return Table([Column("architecture", text=True)], columns, rows, caption)


def savings_table(savings: Sequence[Saving], where: Architecture) -> Table:
    """What each push transport saves, from the least to the most; below zero it takes more."""
    keys: dict[str, str] = {}
    for saving in savings:
        keys |= {change.key: _SHORT.get(change.key, change.unit) for change in saving.changes}
    rows = []
    for saving in savings:
        name, colour = saving.profile.called(saving.cell), saving.profile.colour
        if saving.cannot:
            rows.append(Row([name], problem=saving.cannot, colour=colour))
            continue
        found = {change.key: change for change in saving.changes}
        cells = [
            Cell(_told(found[key].saved, _SHOWN.get(key, number))) if key in found else Cell()
            for key in keys
        ]
        rows.append(Row([name], cells, colour=colour))
    columns = [Column(words, "saved") for words in keys.values()]
    caption = (
        "Saved of what polls take, from the least to the most; below zero it is added. All on one"
        f" architecture: {where.title}."
    )
    return Table([_TRANSPORT], columns, rows, caption)
