"""What push saves of what polling takes, each figure a range, both on one architecture.

The two sides share their guesses (`pushlab.analysis.advice.pair`). What an application does for a
poll that brings something is not all saved: a message that is pushed has to be looked up as well,
at least where it is published and at most for each client.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pushlab.analysis.advice.asked import Asked
from pushlab.analysis.advice.pair import At, Side, difference
from pushlab.analysis.advice.ranges import Range
from pushlab.analysis.cost.architectures import Architecture
from pushlab.analysis.cost.guesses import CPU
from pushlab.analysis.cost.meter import Uncarried
from pushlab.analysis.cost.month import Costs
from pushlab.analysis.cost.pricing import meter_for
from pushlab.contract.profile import Profile

__all__ = ["Change", "Saving", "savings", "sides"]

#: The server in which both sides are counted, where the owner has said nothing of theirs.
_VCPUS, _GIB = 1.0, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure of polling as it is, of push, and what that saves; below 0 push takes more.

    Attributes:
        key: ``requests``, ``cores``, ``servers``, ``gigabytes`` or ``usd``.
        unit: in words.
    """

    key: str
    unit: str
    today: Range
    then: Range
    saved: Range

    def joined(self, other: "Change") -> "Change":
        """What it may be under either of two loads."""
        names = ("today", "then", "saved")
        return replace(self, **{n: getattr(self, n).joined(getattr(other, n)) for n in names})

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        ranges = {name: getattr(self, name).to_json() for name in ("today", "then", "saved")}
        return {"key": self.key, "unit": self.unit, **ranges}


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What one push transport saves in one architecture.

    Attributes:
        changes: those figures that both sides have.
        cannot: why there are none; empty where there are.
    """

    architecture: Architecture
    profile: Profile
    cell: str
    changes: Sequence[Change] = ()
    cannot: str = ""

    def joined(self, other: "Saving") -> "Saving":
        """What it may be under either of two loads; nothing where one of them is not carried."""
        if self.cannot or other.cannot:
            return replace(self, changes=(), cannot=self.cannot or other.cannot)
        theirs = {change.key: change for change in other.changes}
        mine = [change for change in self.changes if change.key in theirs]
        return replace(self, changes=[change.joined(theirs[change.key]) for change in mine])

    def __getitem__(self, key: str) -> Change:
        """One of its changes. Raises KeyError."""
        for change in self.changes:
            if change.key == key:
                return change
        raise KeyError(key)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "transport": self.profile.name,
            "cell": self.cell,
            "architecture": self.architecture.key,
            "changes": [change.to_json() for change in self.changes],
            "cannot": self.cannot,
        }


def savings(asked: Asked, costs: Costs) -> list[Saving]:
    """The saving of each push transport, in the architecture that was chosen.

    Where a log leaves the message rate open, each figure is a range over that, too.

    Raises:
        UsageError: the book lacks a price.
    """
    found = _savings(asked, costs)
    rates = asked.rates_per_s
    for rate_per_s in (rates.low, rates.high) if rates is not None else ():
        others = _savings(asked.at_rate(rate_per_s), costs)
        found = [one.joined(other) for one, other in zip(found, others, strict=True)]
    return found


def _savings(asked: Asked, costs: Costs) -> list[Saving]:
    """The same for one rate."""
    found, every = [], sides(asked, costs, costs.chosen)
    polled, chosen = every[asked.polled], costs.chosen
    for cell, side in every.items():
        if not side.traffic.profile.pushes:
            continue
        made = Saving(architecture=chosen, profile=side.traffic.profile, cell=cell)
        cannot = chosen.cannot(side.traffic.profile) or chosen.cannot(polled.traffic.profile)
        try:
            changes = [] if cannot else _changes(asked, polled, side)
        except Uncarried as error:
            cannot, changes = str(error), []
        found.append(replace(made, changes=changes, cannot=cannot))
    return found


def sides(asked: Asked, costs: Costs, architecture: Architecture) -> dict[str, Side]:
    """Each cell in an architecture, ready to be held against another."""
    found = {}
    for cell, traffic in asked.traffic.items():
        if cell not in asked.meters:  # one for all architectures: it remembers servers it counted
            asked.meters[cell] = meter_for(
                traffic, costs.book, sizes=asked.sizes.get(cell), guesses=costs.guesses
            )
        found[cell] = Side(architecture, traffic, asked.meters[cell], cell)
    return found


def _changes(asked: Asked, polled: Side, push: Side) -> list[Change]:
    """Every figure that both sides have. Raises Uncarried."""
    found = [
        _change("requests", "requests a second", polled, push, Side.requests_per_s),
        _change("gigabytes", "GB a month to the clients", polled, push, Side.gigabytes),
    ]
    if polled.meter.sizes is not None and push.meter.sizes is not None:
        cores, then = _cores(polled), _cores(push)
        found.append(_apart("cores", "cores in use", cores, then))
        servers = _servers(asked, polled, push, then)
        found += [servers] if math.isfinite(max(*servers.today, *servers.then)) else []
    usd = _change("usd", "USD a month", polled, push, Side.usd)
    if asked.today is not None and asked.today.usd is not None:
        usd = _apart("usd", usd.unit, Range.of(asked.today.usd), usd.then)
    return [*found, usd]


def _change(
    key: str, unit: str, polled: Side, push: Side, value: Callable[[Side, At], float]
) -> Change:
    """With what both sides share taken at the same value."""
    return Change(
        key=key,
        unit=unit,
        today=polled.range_of(lambda at: value(polled, at)),
        then=push.range_of(lambda at: value(push, at)),
        saved=difference(polled, push, value),
    )


def _apart(key: str, unit: str, today: Range, then: Range) -> Change:
    """Of two that share nothing."""
    saved = Range(today.low - then.high, today.likely - then.likely, today.high - then.low)
    return Change(key=key, unit=unit, today=today, then=then, saved=saved)


def _cores(side: Side) -> Range:
    cpu = side.meter.guesses[CPU]
    return Range(cpu.low, cpu.likely, cpu.high)


def _servers(asked: Asked, polled: Side, push: Side, cores: Range) -> Change:
    """In servers of one size: the owner's, as busy as now, or else one of pushlab's choice."""
    today, polls_per_s = asked.today, polled.traffic.hits_per_s
    each = today and (today.cores_each or today.cores_implied(polls_per_s))
    if today and each and today.servers and today.busy:
        least = push.meter.guesses["least_servers"]
        work = each * today.busy
        then = Range(
            *(max(few, math.ceil(some / work)) for some, few in zip(
                cores, (least.low, least.likely, least.high), strict=True))
        )  # fmt: skip
        return _apart("servers", "servers as yours, as busy", Range.of(today.servers), then)

    def count(side: Side, at: At) -> float:
        return replace(side.meter, end="likely", but=at).servers(
            side.traffic, vcpus=_VCPUS, gib=_GIB
        )

    return _change("servers", f"servers of {_VCPUS:g} vCPU, {_GIB:g} GiB", polled, push, count)
