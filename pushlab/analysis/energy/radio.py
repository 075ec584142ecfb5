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
from typing import Any

__all__ = ["RADIOS", "Radio", "Spell", "Tail", "load_radios"]

RADIOS = ("lte", "3g", "wifi")


@dataclass(frozen=True, slots=True)
class Spell:
    """A state that lasts `s` seconds at `w` watts."""

    name: str
    s: float
    w: float


@dataclass(frozen=True, slots=True)
class Tail(Spell):
    """A state that follows the last byte.

    Attributes:
        up_bytes, down_bytes: the most that it carries at once, and begins anew, without the radio
            being active; 0: it carries nothing.
        promotion_s: from here to active, at the power of `Radio.promotion`; 0: at once.
    """

    up_bytes: float = 0.0
    down_bytes: float = 0.0
    promotion_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Radio:
    """A radio as a state machine: idle, promotion, active, then one tail after another.

    Attributes:
        name: ``lte``, ``3g`` or ``wifi``; `title` for people.
        idle_w: power while nothing happens, the network's own wake-ups included.
        promotion: from idle to active, before the first byte.
        tails: what follows the last byte, in order; bytes start them again, or that tail alone
            which carries so few.
        up_j_per_bit, down_j_per_bit: what sending and receiving a bit adds.
        sources: where the figures come from.
    """

    name: str
    title: str
    idle_w: float
    promotion: Spell
    tails: tuple[Tail, ...]
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

    def common(name: str) -> dict[str, Any]:  # what all have
        return {
            "up_j_per_bit": values[name]["upload-slope"] * 1e-9,  # mW/Mbps is mJ/Mbit
            "down_j_per_bit": values[name]["download-slope"] * 1e-9,
            "sources": tuple(dict.fromkeys(sources[name])),
        }

    ping_share = lte["idle-ping-time"] / lte["idle-ping-period"]
    found = (
        Radio(
            name="lte",
            title="LTE",
            idle_w=lte["idle-ping-power"] * ping_share,
            promotion=Spell("promotion", lte["promotion-time"], lte["promotion-power"]),
            tails=(Tail("tail", lte["tail-time"], lte["tail-power"]),),
            **common("lte"),
        ),
        Radio(
            name="3g",
            title="3G",
            idle_w=umts["idle-power"],
            promotion=Spell("promotion", umts["promotion-time"], umts["dch-power"]),
            tails=(
                Tail("tail (DCH)", umts["dch-tail-time"], umts["dch-power"]),
                Tail(
                    "tail (FACH)",
                    umts["fach-tail-time"],
                    umts["fach-power"],
                    up_bytes=umts["fach-upload-bytes"],
                    down_bytes=umts["fach-download-bytes"],
                    promotion_s=umts["fach-promotion-time"],
                ),
            ),
            **common("3g"),
        ),
        Radio(
            name="wifi",
            title="Wi-Fi",
            idle_w=0.0,
            promotion=Spell("promotion", 0.0, 0.0),
            tails=(Tail("tail", wifi["tail-time"], wifi["active-power"]),),
            **common("wifi"),
        ),
    )
    return {radio.name: radio for radio in found}
