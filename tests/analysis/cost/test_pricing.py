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
from pushlab.analysis.cost.sizes import REFERENCE, reference_sizes
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


@settings(max_examples=40)
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


@settings(max_examples=40)
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
