"""Radios: how long each stays awake after the last byte, and at what power.

The figures are of networks and phones of 2012 to 2014; ``radio.csv`` beside this names the source
of each. 5G is not covered. The lesson outlives the figures: a radio that was woken for one byte
stays awake for seconds, so how often it is woken matters more than the bytes.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["RADIOS", "Radio", "Spell", "load_radios"]

RADIOS = ("lte", "3g", "wifi")


@dataclass(frozen=True, slots=True)
class Spell:
    """A state that lasts `s` seconds at `w` watts."""

    name: str
    s: float
    w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Radio:
    """A radio as a state machine: idle, promotion, active, then one tail after another.

    Attributes:
        name: ``lte``, ``3g`` or ``wifi``; `title` for people.
        idle_w: power while nothing happens, the network's own wake-ups included.
        promotion: from idle to active, before the first byte.
        tails: what follows the last byte, in order; any byte starts them again.
        up_j_per_bit, down_j_per_bit: what sending and receiving a bit adds.
        sources: where the figures come from.
    """

    name: str
    title: str
    idle_w: float
    promotion: Spell
    tails: tuple[Spell, ...]
    up_j_per_bit: float = 0.0
    down_j_per_bit: float = 0.0
    sources: tuple[str, ...] = ()

    @property
    def tail_s(self) -> float:
        """All tails together."""
        return sum(tail.s for tail in self.tails)


@cache
def load_radios() -> Mapping[str, Radio]:
    """The radios, by name."""
    text = files("pushlab.analysis.energy").joinpath("radio.csv").read_text(encoding="utf-8")
    values: dict[str, dict[str, float]] = {}
    sources: dict[str, list[str]] = {}
    for row in csv.DictReader(text.splitlines()):
        values.setdefault(row["radio"], {})[row["parameter"]] = float(row["value"])
        sources.setdefault(row["radio"], []).append(row["source"])
    lte, umts, wifi = (values[name] for name in RADIOS)
    per_bit = 1e-9  # mW/Mbps is mJ/Mbit
    ping_share = lte["idle-ping-time"] / lte["idle-ping-period"]
    found = (
        Radio(
            name="lte",
            title="LTE",
            idle_w=lte["idle-ping-power"] * ping_share,
            promotion=Spell("promotion", lte["promotion-time"], lte["promotion-power"]),
            tails=(Spell("tail", lte["tail-time"], lte["tail-power"]),),
            up_j_per_bit=lte["upload-slope"] * per_bit,
            down_j_per_bit=lte["download-slope"] * per_bit,
            sources=tuple(dict.fromkeys(sources["lte"])),
        ),
        Radio(
            name="3g",
            title="3G",
            idle_w=umts["idle-power"],
            promotion=Spell("promotion", umts["promotion-time"], umts["dch-power"]),
            tails=(
                Spell("tail (DCH)", umts["dch-tail-time"], umts["dch-power"]),
                Spell("tail (FACH)", umts["fach-tail-time"], umts["fach-power"]),
            ),
            sources=tuple(dict.fromkeys(sources["3g"])),
        ),
        Radio(
            name="wifi",
            title="Wi-Fi",
            idle_w=0.0,
            promotion=Spell("promotion", 0.0, 0.0),
            tails=(Spell("tail", wifi["tail-time"], wifi["active-power"]),),
            sources=tuple(dict.fromkeys(sources["wifi"])),
        ),
    )
    return {radio.name: radio for radio in found}
