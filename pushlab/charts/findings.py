"""What a chart's title says: the finding, in words made from the figures and from nothing else.

Every function takes summaries by cell (see results/README.md) and the cells' names. Where asking
beats pushing, the title says so.
"""

from collections.abc import Mapping, Sequence

from pushlab.analysis.summary.model import CellSummary
from pushlab.contract.profile import Profile
from pushlab.quantities import brief, duration, listed, number, times, usd

__all__ = [
    "cost_finding",
    "hits_finding",
    "latency_finding",
    "staleness_finding",
    "weight_finding",
]

Summaries = Mapping[str, CellSummary]
Names = Mapping[str, str]
Profiles = Mapping[str, Profile]

_Ranking = Sequence[tuple[str, float]]

_NONE = 0.005  # hits per delivery that print as none
_LOSS = 0.01  # of what was expected; whoever lost more is not compared
_SAME = 1.02  # figures closer than this are not called different
_SAME_WORST = 1.5  # extremes scatter: the worst of one run is not the worst of the next


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _ranked(summaries: Summaries, figure: str) -> list[tuple[str, float]]:
    """Cells with that figure, lowest first.

    A cell that lost more than 1 % of its deliveries did not do the same work and is not ranked.
    """
    found = []
    for cell, summary in summaries.items():
        value = summary[figure]
        if value is not None and summary.count("lost") <= _LOSS * summary.count("expected"):
            found.append((cell, value))
    return sorted(found, key=lambda pair: pair[1])


def _polling_wins(ranked: _Ranking, profiles: Profiles, same: float = _SAME) -> bool:
    """Whether a cell that asks has the lowest figure, clearly below all that are pushed to."""
    pushed = [value for cell, value in ranked if profiles[cell].pushes]
    first, least = ranked[0]
    return bool(pushed) and profiles[first].asks and min(pushed) > max(least * same, least)


def _verdict(ranked: _Ranking, profiles: Profiles, same: float = _SAME) -> str:
    return "Polling wins: " if ranked and _polling_wins(ranked, profiles, same) else ""


def _upset(
    ranked: _Ranking, profiles: Profiles, names: Names, verb: str, *, apart: float = 0.0
) -> str:
    """A clause for the case that asking beats some pushing without winning; else empty.

    Args:
        apart: differences up to this are none.
    """
    if not ranked or _polling_wins(ranked, profiles):
        return ""
    asking = [pair for pair in ranked if profiles[pair[0]].asks]
    pushed = [pair for pair in ranked if profiles[pair[0]].pushes]
    if not asking or not pushed:
        return ""
    (low, least), (high, most) = asking[0], pushed[-1]
    if most - least <= apart or most <= least * _SAME:
        return ""
    return f"; {names[low]} {verb} {names[high]}"


def latency_finding(
    summaries: Summaries, names: Names, profiles: Profiles, floor_s: float | None = None
) -> str:
    """Who delivers soonest, and by how much.

    Whoever differs from the soonest by less than the harness's floor, or has an interval that
    touches the soonest's, leads with it.
    """
    medians = all(
        s["latency_s.p50"] is not None for s in summaries.values() if s["latency_s.count"]
    )
    key, word = ("latency_s.p50", "median") if medians else ("latency_s.mean", "mean")
    ranked = _ranked(summaries, key)
    if not ranked:
        return "Nothing was delivered: there is no latency to show"
    first, best = ranked[0]
    if len(ranked) == 1:
        p99 = summaries[first]["latency_s.p99"]
        tail = f", 99 % within {duration(p99)}" if p99 is not None else ""
        return _sentence(f"{names[first]} delivers in {duration(best)} ({word}){tail}")
    last, worst = ranked[-1]
    near = floor_s or 0.0
    ceiling = (summaries[first].interval(key) or (best, best))[1]
    leaders = [ranked[0]]
    for cell, value in ranked[1:]:
        low = (summaries[cell].interval(key) or (value, value))[0]
        if value - best < near or low <= ceiling:
            leaders.append((cell, value))
    if len(leaders) == len(ranked) or worst <= best * _SAME:
        return (
            f"No difference worth a rank: every {word} lies between"
            f" {duration(best)} and {duration(worst)}"
        )
    who = listed([names[cell] for cell, _ in leaders])
    verb = "delivers" if len(leaders) == 1 else "deliver"
    reach = f"{duration(best)} to {duration(leaders[-1][1])}"
    if duration(best) == duration(leaders[-1][1]):
        reach = duration(best)
    much = f", {times(worst / best)} as long" if best > 0 else ""
    asked = all(profiles[cell].asks for cell, _ in leaders)
    beaten = any(profiles[cell].pushes for cell, _ in ranked)
    text = f"{who} {verb} in {reach} ({word}); {names[last]} takes {duration(worst)}{much}"
    if asked and beaten:
        return f"Polling wins: {text}"
    return _sentence(text + _upset(ranked, profiles, names, "beats", apart=near))


def hits_finding(summaries: Summaries, names: Names, profiles: Profiles) -> str:
    """Who troubles the server most for one delivery, and who least."""
    ranked = _ranked(summaries, "hits_per_delivery")
    if not ranked:
        return "Nothing was delivered: there are no hits to share out"
    first, least = ranked[0]
    last, most = ranked[-1]
    none = [names[cell] for cell, value in ranked if value < _NONE]
    if len(ranked) == 1 or len(none) == len(ranked):
        who = listed([names[cell] for cell, _ in ranked])
        verb = "needs" if len(ranked) == 1 else "need"
        return _sentence(f"{who} {verb} {_requests(most)} per delivery")
    if most <= least * _SAME:
        return f"All need about {_requests(most)} per delivery"
    if none:
        verb = "needs" if len(none) == 1 else "need"
        text = f"{names[last]} costs {_requests(most)} per delivery; {listed(none)} {verb} none"
    else:
        text = f"{names[first]} needs {_requests(least)} per delivery, {names[last]} {number(most)}"
    verdict = _verdict(ranked, profiles)
    return _sentence(verdict + text + _upset(ranked, profiles, names, "needs fewer than"))


def _requests(value: float) -> str:
    if value < _NONE:
        return "no request"
    return f"{number(value)} request" + ("" if abs(value - 1) < 0.005 else "s")


def staleness_finding(summaries: Summaries, names: Names, profiles: Profiles) -> str:
    """How far behind clients fall at worst."""
    ranked = _ranked(summaries, "staleness_s.max")
    if not ranked:
        return "Nothing was measured: there is no staleness to show"
    first, best = ranked[0]
    last, worst = ranked[-1]
    if len(ranked) == 1:
        return f"With {names[first]} a client falls up to {duration(best)} behind"
    if worst <= best * _SAME:
        return f"Whatever carries the messages, a client falls up to {duration(worst)} behind"
    verdict = _verdict(ranked, profiles, _SAME_WORST)
    return _sentence(
        f"{verdict}with {names[last]} a client falls up to {duration(worst)} behind,"
        f" with {names[first]} never more than {duration(best)}"
    )


def weight_finding(summaries: Summaries, names: Names, profiles: Profiles) -> str:
    """What one delivery weighs, in bytes and in CPU time, at its lightest and its heaviest."""
    sizes = _ranked(summaries, "bytes_per_delivery")
    loads = _ranked(summaries, "cpu_s_per_delivery")
    if not sizes and not loads:
        return "Nothing was delivered: there is no weight to show"
    if [c for c, _ in (sizes[:1] + sizes[-1:])] == [c for c, _ in (loads[:1] + loads[-1:])]:
        return _both_weights(sizes, loads, names, profiles)
    parts = []
    for ranked, show, unit in ((sizes, brief, " bytes"), (loads, duration, " of CPU")):
        if not ranked:
            continue
        (first, least), (last, most) = ranked[0], ranked[-1]
        text = f"{names[first]} takes {show(least)}{unit}"
        if len(ranked) > 1 and most > least * _SAME:
            text += f", {names[last]} {show(most)}"
            text += _upset(ranked, profiles, names, "takes less than").replace("; ", ", ")
        parts.append(_verdict(ranked, profiles) + text)
    return _sentence("per delivery " + "; ".join(parts))


def _both_weights(sizes: _Ranking, loads: _Ranking, names: Names, profiles: Profiles) -> str:
    """The sentence when one cell is the lightest in both respects, and one the heaviest."""
    (first, light), (last, heavy) = sizes[0], sizes[-1]
    text = f"{names[first]} takes {brief(light)} bytes and {duration(loads[0][1])} of CPU"
    if len(sizes) > 1:
        text += f", {names[last]} {brief(heavy)} bytes and {duration(loads[-1][1])}"
    upset = _upset(sizes, profiles, names, "takes fewer bytes than")
    return _sentence(f"{_verdict(sizes, profiles)}per delivery {text}{upset}")


def cost_finding(summaries: Summaries, names: Names, profiles: Profiles) -> str:
    """What a month costs at the dearest and the cheapest."""
    delivered = {cell: summary for cell, summary in summaries.items() if summary["delivered"]}
    ranked = _ranked(delivered, "usd_per_month.usd")
    if not ranked:
        return "No offer is known for what was measured"
    first, least = ranked[0]
    last, most = ranked[-1]
    if len(ranked) == 1:
        return f"A month of this with {names[first]} costs {usd(least)}"
    if most <= least * _SAME:
        return f"A month of this costs about {usd(most)}, whatever carries it"
    return _sentence(
        f"{_verdict(ranked, profiles)}a month of this costs {usd(least)} with {names[first]},"
        f" {usd(most)} with {names[last]}{_upset(ranked, profiles, names, 'costs less than')}"
    )
