"""A bill from low to high: ranges in order, swings within them, more clients never cheaper."""

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushlab.analysis.cost.architectures import ARCHITECTURES, DEFAULT
from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.guesses import GUESSES, said
from pushlab.analysis.cost.meter import Uncarried
from pushlab.analysis.cost.pricing import bill_at, meter_for, price
from pushlab.analysis.cost.sizes import REFERENCE, Sizes, reference_sizes
from pushlab.analysis.cost.traffic import predicted_traffic
from pushlab.contract.registry import STANDARD, profile_of

BOOK = load_book()
CARRIED = [
    (one.key, transport)
    for one in ARCHITECTURES.values()
    for transport in STANDARD
    if not one.cannot(profile_of(transport))
]


def traffic(transport, *, clients=1_000.0, rate=0.1, payload=300.0, interval_s=5.0):
    return predicted_traffic(
        profile_of(transport).retimed(interval_s=interval_s),
        clients=clients,
        rate_per_client_per_s=rate,
        payload_bytes=payload,
    )


def priced(key, of, **more):
    sizes = reference_sizes()[of.transport]
    return price(ARCHITECTURES[key], of, meter_for(of, BOOK, **{"sizes": sizes, **more}))


@settings(max_examples=40, deadline=None)
@given(
    way=st.sampled_from(CARRIED),
    clients=st.floats(1, 1e6),
    rate=st.floats(0, 5),
    payload=st.floats(0, 40_000),
)
def test_a_bill_lies_in_its_range_and_each_swing_too(way, clients, rate, payload):
    key, transport = way
    one = priced(key, traffic(transport, clients=clients, rate=rate, payload=payload))
    if one.cannot:
        return
    low, high = one.range_usd
    slack = 1e-9 * high
    assert low <= one.usd + slack
    assert one.usd <= high + slack
    for swing in one.swings:
        assert low - slack <= swing.low_usd <= one.usd + slack, swing.guess.name
        assert one.usd - slack <= swing.high_usd <= high + slack, swing.guess.name


@settings(max_examples=40, deadline=None)
@given(
    way=st.sampled_from(CARRIED),
    clients=st.floats(1, 1e6),
    more=st.floats(1, 100),
    end=st.sampled_from(["low", "likely", "high"]),
)
def test_more_clients_never_cost_less(way, clients, more, end):
    key, transport = way

    def usd(n):
        of = traffic(transport, clients=n)
        meter = meter_for(of, BOOK, sizes=reference_sizes()[transport])
        try:
            return bill_at(ARCHITECTURES[key], of, dataclasses.replace(meter, end=end)).usd
        except Uncarried:  # beyond the end of a price list
            return math.inf

    assert usd(clients) <= usd(clients * more) * (1 + 1e-9)


@pytest.mark.parametrize(("key", "transport"), CARRIED)
def test_a_bill_adds_up_by_parts_with_a_source_for_each_line(key, transport):
    one = priced(key, traffic(transport))
    assert one.usd == pytest.approx(math.fsum(item.usd for item in one.likely.items))
    assert one.usd > 0
    names = {part.name for part in ARCHITECTURES[key].parts(one.profile)}
    assert {item.part for item in one.likely.items} <= names
    assert all(item.price.source and item.event for item in one.likely.items)
    assert {guess.name for guess in one.guesses} >= {swing.guess.name for swing in one.swings}


def test_what_is_said_is_guessed_no_more():
    of = traffic("sse", clients=200_000)
    wide = priced(DEFAULT.key, of)
    known = priced(DEFAULT.key, of, guesses=said(headroom=0.5))
    assert "headroom" in {swing.guess.name for swing in wide.swings}
    assert "headroom" not in {swing.guess.name for swing in known.swings}
    assert known.usd == wide.usd
    assert wide.range_usd[0] < known.range_usd[0] < known.range_usd[1] < wide.range_usd[1]


def test_where_nothing_is_guessed_there_is_one_bill():
    exactly = said(**{name: guess.likely for name, guess in GUESSES.items()})
    sizes = reference_sizes()["sse"]
    sizes = dataclasses.replace(
        sizes, least=[sizes.best], most=[sizes.best], each_bytes=(3_000, 3_000, 3_000)
    )
    one = priced(DEFAULT.key, traffic("sse"), sizes=sizes, guesses=exactly)
    assert not one.swings
    assert one.range_usd == (one.usd, one.usd)


def test_data_leaving_are_in_it_unless_left_out():
    of = traffic("websocket", clients=1e6)
    with_it, without = (priced(DEFAULT.key, of, egress=on) for on in (True, False))
    parts = [{item.part for item in one.likely.items} for one in (with_it, without)]
    assert parts[0] - parts[1] == {"egress"}
    assert with_it.usd > without.usd


def test_servers_of_the_reference_run_are_said_to_be_so():
    assert priced(DEFAULT.key, traffic("mqtt")).sized_by.startswith(REFERENCE)


def test_what_nobody_measured_cannot_be_priced_with_servers():
    one = priced(DEFAULT.key, traffic("sse"), sizes=None)
    assert "nobody measured a server of SSE" in one.cannot
    assert (one.likely, one.usd) == (None, math.inf)


def test_ranges_that_overlap_are_not_in_order():
    few, same, many = (priced(DEFAULT.key, traffic("sse", clients=n)) for n in (1, 2, 5e6))
    assert few.is_below(many)
    assert not few.is_below(same)
    assert not many.is_below(few)


# ---- the default as a whole ----------------------------------------------------------------------

MONTH_H, MONTH_S, GIB = 720, 2_592_000, 2**30
EXACTLY = {
    **{name: guess.likely for name, guess in GUESSES.items()},
    "header_up_bytes": 0, "header_down_bytes": 0, "packet_bytes": 0, "handshake_bytes": 0,
    "reconnects_a_day": 0, "publishes_per_node": 30_000,
}  # fmt: skip
#: A delivery takes 98.7 us and nothing else anything; a connection holds 1 KiB.
KNOWN = Sizes(
    transport="sse", least=[(0, 0, 0, 98.7e-6, 0)], best=(0, 0, 0, 98.7e-6, 0),
    most=[(0, 0, 0, 98.7e-6, 0)], base_bytes=2**20, each_bytes=(1024, 1024, 1024),
    connections=1_000, source="by hand",
)  # fmt: skip


def whole(clients, *, architecture=DEFAULT, **values):
    """SSE to so many clients, each with a message of 329 bytes in 10 s on a channel of its own."""
    of = traffic("sse", clients=clients)
    of = dataclasses.replace(of, profile=of.profile.timed(keep_alive_s=0.0))
    meter = meter_for(of, BOOK, sizes=KNOWN, guesses=said(**{**EXACTLY, **values}))
    return price(architecture, of, meter)


def gib(per_s):
    return per_s * 329 * MONTH_S / GIB


QUARTER = (0.25 * 0.04048 + 0.5 * 0.004445) * MONTH_H  # of a vCPU with half a GB
EDGE = MONTH_H * 0.0225 + 2 * MONTH_H * 0.005  # a balancer and its two addresses


@pytest.mark.parametrize(
    ("clients", "by_hand"),
    [
        # 100 deliveries a second: two containers; the first 100 GB are free
        (1_000, 2 * QUARTER + EDGE + MONTH_H * 0.008 / 3 + 2 * MONTH_H * 0.0256),
        # 0.4935 cores, of which a container has 0.125; two pairs of small nodes; the first tier
        (
            50_000,
            4 * QUARTER + EDGE + MONTH_H * 0.008 * 50 / 3 + 4 * MONTH_H * 0.0256
            + 0.09 * (gib(5e3) - 100),
        ),
        # 98.7 cores: 50 containers of 4 vCPU with 8 GB, which have 2 each; 34 pairs of large nodes
        # for a million publishes a second; the last tier
        (
            10_000_000,
            50 * 16 * QUARTER + EDGE + MONTH_H * 0.008 * 1e4 / 3 + 68 * MONTH_H * 0.1264
            + 10_240 * 0.09 + 40_960 * 0.085 + 102_400 * 0.07 + 0.05 * (gib(1e6) - 100 - 153_600),
        ),
    ],
)  # fmt: skip
def test_the_default_as_a_whole_by_hand_at_three_sizes(clients, by_hand):
    one = whole(clients)
    assert one.usd == pytest.approx(by_hand, rel=1e-6)
    assert one.range_usd == (one.usd, one.usd)


def lacking(one):
    """What a whole with servers lacks."""
    parts = {item.part for item in one.likely.items}
    count = next((item.events for item in one.likely.items if item.part == "servers"), None)
    said_so = " ".join(one.architecture.left_out)
    found = []
    if count is not None:
        if count < 2:
            found.append("a second server")
        if count > 1 and "backplane" not in parts and "backplane" not in said_so:
            found.append("a backplane")
        if one.architecture.kind == "containers" and not parts & {"balancer", "gateway"}:
            own = one.architecture.provider == "gcp"  # Cloud Run has its own
            found += [] if own else ["a balancer"]
    return found


@pytest.mark.parametrize(("key", "transport"), CARRIED)
def test_servers_are_never_alone_and_share_their_channels(key, transport):
    assert not lacking(priced(key, traffic(transport)))


@pytest.mark.parametrize("part", ["backplane", "balancer"])
def test_a_part_left_out_would_be_seen(part):
    left = {
        kind: [each for each in parts if each.name != part]
        for kind, parts in DEFAULT.carries.items()
        if not isinstance(parts, str)
    }
    assert lacking(whole(1_000, architecture=dataclasses.replace(DEFAULT, carries=left)))


def test_a_server_alone_would_be_seen_and_needs_no_backplane():
    alone = whole(1_000, least_servers=1)
    assert lacking(alone) == ["a second server"]
    assert "backplane" not in {item.part for item in alone.likely.items}
    assert lacking(whole(50_000, least_servers=1)) == []
