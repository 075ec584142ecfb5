"""What bills say: who is cheaper for sure, who may be, and never two kinds without their names."""

from functools import cache

import pytest

from pushlab.analysis.cost.architectures import ARCHITECTURES, DEFAULT, KINDS_OF_ARCHITECTURE
from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.month import price_all
from pushlab.analysis.cost.telling import (
    Contender,
    across_words,
    contenders,
    place_words,
    shares_of,
    within_words,
)
from pushlab.analysis.cost.traffic import predicted_traffic
from pushlab.contract.registry import comparable_profiles

PROFILES = comparable_profiles()
PLACE = "Racks (own virtual machines)"


@cache
def costs_of(clients, rate=0.1, interval_s=5.0, chosen=DEFAULT):
    traffic = {
        name: predicted_traffic(
            profile.retimed(interval_s=interval_s),
            clients=clients,
            rate_per_client_per_s=rate,
            payload_bytes=300,
        )
        for name, profile in comparable_profiles().items()
    }
    return price_all(traffic, list(ARCHITECTURES.values()), load_book(), chosen=chosen)


def names(costs):
    return {cell: each.profile.called(cell, within=True) for cell, each in costs.traffic.items()}


def polls(low, high):
    return Contender("short polling", PROFILES["short-polling"], low, (low + high) / 2, high)


def pushed(low, high, name="SSE"):
    return Contender(name, PROFILES[name.lower()], low, (low + high) / 2, high)


@pytest.mark.parametrize(
    ("some", "said"),
    [
        ([], f"no price is known in {PLACE} for what was measured"),
        ([pushed(10, 20)], f"a month with SSE in {PLACE} costs USD 10.00 to 20.00"),
        (
            [polls(300, 400), pushed(10, 20), pushed(15, 30, "MQTT")],
            f"SSE and MQTT cost USD 10.00 to 30.00 a month in {PLACE}, short polling USD 300 to"
            " 400",
        ),
        (
            [polls(1, 2), pushed(10, 20)],
            f"polling wins: short polling costs USD 1.00 to 2.00 a month in {PLACE}, SSE USD 10.00"
            " to 20.00",
        ),
        (
            [polls(19, 30), pushed(10, 20)],
            f"in {PLACE} the ranges overlap: a month costs USD 10.00 to 20.00 with SSE, USD 19.00"
            " to 30.00 with short polling",
        ),
        (
            [pushed(1, 2), polls(5, 6), pushed(10, 20, "MQTT")],
            f"SSE costs USD 1.00 to 2.00 a month in {PLACE}, MQTT USD 10.00 to 20.00; short polling"
            " costs less than MQTT",
        ),
        (  # below SSE only if the guesses are as they should be
            [polls(1, 2), pushed(1.9, 12), pushed(10, 20, "MQTT")],
            f"short polling costs USD 1.00 to 2.00 a month in {PLACE}, MQTT USD 10.00 to 20.00;"
            " short polling costs less than MQTT; SSE overlaps with both",
        ),
    ],
)
def test_only_ranges_that_do_not_touch_are_ranked(some, said):
    assert within_words(some, PLACE) == said


def test_touching_ranges_are_not_apart():
    assert not pushed(10, 20).is_below(polls(20, 30))
    assert pushed(10, 19.9).is_below(polls(20, 30))


@pytest.mark.parametrize("clients", [10, 50_000])
def test_a_place_has_its_kind_wherever_it_stands(clients):
    costs = costs_of(clients)
    assert place_words(DEFAULT).endswith(f"({KINDS_OF_ARCHITECTURE['containers']})")
    told = within_words(contenders(costs.within, names(costs)), place_words(costs.chosen))
    across = across_words(costs, names(costs))
    for text in (told, across):
        named = [one for one in ARCHITECTURES.values() if one.short in text]
        assert named
        for one in named:
            assert place_words(one) in text or any(
                one.short in other.short for other in named if other is not one
            )


def test_shares_are_the_whole_of_a_bill():
    for one in costs_of(50_000).every:
        assert sum(shares_of(one.likely).values()) == pytest.approx(1.0)
