"""Architectures whose bills can be done in the head, with few guesses."""

from pushlab.analysis.advice.pair import Side
from pushlab.analysis.cost.architecture import Architecture, Part
from pushlab.analysis.cost.book import Price, PriceBook
from pushlab.analysis.cost.guesses import Guess
from pushlab.analysis.cost.meter import Meter
from pushlab.analysis.cost.traffic import Traffic
from pushlab.contract.registry import comparable_profiles

PROFILES = comparable_profiles()
UNIT = Price(
    provider="toy", product="unit", item="message", usd=1.0, per="message", source="none",
    read="2026-11-01", confidence="primary",
)  # fmt: skip
BOOK = PriceBook([UNIT])
GUESSES = {
    one.name: one
    for one in (
        Guess("shared", 1, 2, 4, "", "what both sides rest on", "a test"),
        Guess("other", 10, 20, 30, "", "what one side rests on", "a test"),
        Guess("cpu", 1, 2, 3, "cores", "CPU", "a test"),
        Guess("reconnects_a_day", 1, 10, 100, "a day", "reconnects", "a test"),
        Guess("header_up_bytes", 200, 900, 2000, "bytes", "headers", "a test"),
        Guess("header_down_bytes", 100, 350, 700, "bytes", "headers", "a test"),
        Guess("packet_bytes", 62, 74, 106, "bytes", "packets", "a test"),
        Guess("handshake_bytes", 330, 4500, 6500, "bytes", "handshakes", "a test"),
        Guess("left_share", 0.5, 1, 1, "", "left", "a test"),
    )
}


def toy(units, cell="sse", **traffic):
    """A side whose month costs as many USD as ``units(meter.guess)`` says."""
    profile = PROFILES[cell]

    def lines(traffic, meter):
        return meter.charge("toy unit message", "units", 1, units=units(meter.guess))

    architecture = Architecture(
        key="toy", title="a toy", short="toy", kind="managed", provider="toy",
        carries={profile.kind: [Part("service", lines)]},
    )  # fmt: skip
    load = Traffic(profile=profile, **{"clients": 10, **traffic})
    return Side(architecture, load, Meter(book=BOOK, guesses=GUESSES), cell)
