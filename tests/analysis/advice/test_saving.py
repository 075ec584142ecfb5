"""What push saves, against sums by hand."""

import math

import pytest

from pushlab.analysis.advice.asked import asked_of_load
from pushlab.analysis.advice.saving import savings
from pushlab.analysis.advice.today import parse_today
from pushlab.analysis.cost.architectures import ARCHITECTURES, DEFAULT
from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.month import price_all
from pushlab.analysis.forecast.sizing import Workload
from tests.analysis.advice.toys import PROFILES

LOAD = Workload(clients=50_000, rate_per_s=0.1, interval_s=5, payload_bytes=300)


def saved(today, load=LOAD):
    """The savings by cell, in the default architecture alone."""
    asked = asked_of_load(load, PROFILES, {}, today=today and parse_today(today))
    costs = price_all(
        asked.traffic, [DEFAULT], load_book(), sizes=asked.sizes, guesses=asked.guesses
    )
    return asked, {one.cell: one for one in savings(asked, costs)}


@pytest.fixture(scope="module")
def said():
    return saved("poll 5s, 3 servers at 40% CPU, 2ms CPU per poll, USD 900 a month")


def test_each_transport_that_pushes_has_one(said):
    _, found = said
    assert list(found) == [name for name, one in PROFILES.items() if one.pushes]
    assert not any(one.cannot for one in found.values())


def test_requests(said):
    """10,000 polls a second; over SSE none but connections made anew, which both have."""
    _, found = said
    requests = found["sse"]["requests"]
    assert requests.today.low == pytest.approx(10_000 + 50_000 / 86_400)
    assert requests.then.high == pytest.approx(50_000 * 100 / 86_400)
    assert tuple(requests.saved) == pytest.approx((10_000, 10_000, 10_000))


def test_cpu_is_the_owners_and_push_keeps_a_part_of_its_work(said):
    """20 cores now; of the work of useful polls none to all is still to do."""
    asked, found = said
    cores = found["sse"]["cores"]
    assert tuple(cores.today) == pytest.approx((20, 20, 20))
    useful = 10_000 * (1 - math.exp(-0.5)) * 0.002
    assert asked.wasted == pytest.approx(math.exp(-0.5))
    plain = saved("poll 5s")[1]["sse"]["cores"].then
    assert cores.then.low == pytest.approx(plain.low)
    assert cores.then.likely == pytest.approx(plain.likely + useful / 2)
    assert cores.then.high == pytest.approx(plain.high + useful)
    assert cores.saved.low == pytest.approx(20 - cores.then.high)


def test_servers_are_counted_as_the_owners(said):
    """16.7 cores each, 40 % busy, do 6.67 cores of work; two at least."""
    _, found = said
    servers = found["sse"]["servers"]
    assert "as yours" in servers.unit
    assert tuple(servers.today) == (3, 3, 3)
    assert servers.then.low == 2
    assert servers.then.high == max(3, math.ceil(found["sse"]["cores"].then.high / (20 / 3)))


def test_money_is_held_against_what_the_owner_pays(said):
    _, found = said
    usd = found["sse"]["usd"]
    assert tuple(usd.today) == (900, 900, 900)
    assert usd.saved.low == pytest.approx(900 - usd.then.high)


def test_without_figures_of_the_owner_both_sides_are_priced_alike():
    _, found = saved(None)
    usd = found["sse"]["usd"]
    assert usd.today.low < usd.today.likely < usd.today.high
    assert usd.saved.likely == pytest.approx(usd.today.likely - usd.then.likely)


def test_guesses_that_both_share_cancel(said):
    _, found = said
    moved = found["sse"]["gigabytes"]
    assert moved.saved.high - moved.saved.low < moved.today.high - moved.today.low


def test_an_answers_bytes_are_the_owners():
    few, many = (
        saved(f"poll 5s, {size} per poll")[1]["sse"]["gigabytes"].today.likely
        for size in ("1kB", "3kB")
    )
    assert many - few == pytest.approx(2_000 * 10_000 * 30 * 86_400 / 1e9)


def test_it_is_told_in_plain_values(said):
    _, found = said
    told = found["sse"].to_json()
    assert told["architecture"] in ARCHITECTURES
    assert [change["key"] for change in told["changes"]] == [
        "requests", "gigabytes", "cores", "servers", "usd",
    ]  # fmt: skip
    assert told["changes"][0]["saved"]["likely"] == pytest.approx(10_000)
