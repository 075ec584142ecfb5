"""What a title says of several servers: each transport at each, beside the same at the first.

A transport at one server and another at another are never held against each other; see
`pushlab.analysis.summary.comparison`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, log

from pushlab.analysis.summary.by_system import BySystem
from pushlab.analysis.summary.claims import Pair, Ranking
from pushlab.quantities import listed, number, span, times

__all__ = ["across_words", "multiple_of"]


@dataclass(frozen=True, slots=True)
class _Setting:
    """One transport at the servers that have the figure.

    Attributes:
        first, base: the first of these servers, and the cell there.
        pairs: by server, the cell there beside `base`.
    """

    name: str
    first: str
    base: str
    pairs: Mapping[str, Pair]

    @property
    def told(self) -> list[str]:
        """The servers that are told apart from the first."""
        return [system for system, pair in self.pairs.items() if pair.claimed]

    @property
    def alike(self) -> bool:
        """Whether no server differs from the first."""
        return all(pair.alike for pair in self.pairs.values())

    @property
    def width(self) -> float:
        """How far apart servers are told."""
        ratios = [self.pairs[system].ratio for system in self.told]
        return max((log(ratio) if ratio else inf for ratio in ratios), default=0.0)


def across_words(
    noun: str,
    grid: BySystem,
    names: Mapping[str, str],
    ranking: Ranking,
    known: Mapping[str, float],
    why: Callable[[Pair], str],
) -> str:
    """The transport whose servers are farthest apart, and which others are told apart or are not.

    Args:
        noun: the figure, such as ``CPU per delivery``.
        names: of settings, as they stand inside a sentence.
        known: the figure of each cell that did its work.
        why: what stands between a pair and a claim.

    Returns:
        Empty where no transport has the figure at two servers.
    """
    settings = list(_settings(grid, names, ranking, known))
    if not settings:
        return ""
    told = sorted((one for one in settings if one.told), key=lambda one: -one.width)
    alike = [one.name for one in settings if one.alike]
    rest = [one for one in settings if not one.told and not one.alike]
    parts = []
    if told:
        parts.append(f"{told[0].name}: {_claims(told[0], noun, grid, known)}")
        if told[1:]:
            parts.append(f"also told apart: {listed([one.name for one in told[1:]])}")
    elif rest:
        parts.append(f"{noun}: no server is told apart from another")
    if alike:
        parts.append(f"alike: {listed(alike)}" if parts else f"{noun}: alike for {listed(alike)}")
    if rest:
        pair = next(pair for pair in rest[0].pairs.values() if not pair.alike)
        who = listed([one.name for one in rest])
        parts.append(f"not known: {who}" + ("" if told else f" ({why(pair)})"))
    return "; ".join(parts)


def _settings(
    grid: BySystem, names: Mapping[str, str], ranking: Ranking, known: Mapping[str, float]
) -> Sequence[_Setting]:
    found = []
    for setting, there in grid.settings.items():
        some = [(system, there[system]) for system in grid.systems if system in there]
        (first, base), *others = [pair for pair in some if pair[1] in known] or [("", "")]
        pairs = {
            system: pair for system, cell in others if (pair := ranking.of(base, cell)) is not None
        }
        if pairs:
            found.append(_Setting(names[setting], first, base, pairs))
    return found


def _claims(one: _Setting, noun: str, grid: BySystem, known: Mapping[str, float]) -> str:
    """``nchan 0.42 times the hub's CPU per delivery (0.38 to 0.47), fastapi 3.1 times (...)``."""
    told: list[str] = []
    for system in one.told:
        pair = one.pairs[system]
        value, ci = pair.over(one.base)
        of = f" {grid.named(one.first)}'s {noun}" if not told else ""
        if value is None:
            told.append(f"{grid.named(system)} {number(known[pair.high])}{of}, where that has none")
            continue
        reach = span(ci, number)
        told.append(
            f"{grid.named(system)} {multiple_of(value)}{of}" + (f" ({reach})" if reach else "")
        )
    return ", ".join(told)


def multiple_of(value: float) -> str:
    """A multiple in words, below one too: ``0.42 times``, ``3.1 times``."""
    return f"{number(value)} times" if value < 10 else times(value)
