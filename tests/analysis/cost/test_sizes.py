"""From measured costs to the number of servers, by hand and by rule."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.guesses import ENDS, said
from pushlab.analysis.cost.meter import Meter, Uncarried
from pushlab.analysis.cost.sizes import REFERENCE, Sizes, fewest, load_of_one, reference_sizes
from pushlab.analysis.cost.traffic import Traffic
from pushlab.analysis.trials.costs import Load
from pushlab.contract.registry import STANDARD, profile_of


def sizes(**costs):
    """What is known exactly, CPU seconds by field of `Load`, and 1 MiB with 1 KiB a connection."""
    row = Load(**{**dict.fromkeys(Load.__slots__, 0.0), **costs}).row
    return Sizes(
        transport="sse", least=[row], best=row, most=[row],
        base_bytes=2**20, each_bytes=(1024, 1024, 1024), connections=1, source="by hand",
    )  # fmt: skip


def streams(clients, *, rate=0.1, per_channel=1.0, transport="sse"):
    return Traffic(
        profile=profile_of(transport).timed(keep_alive_s=0.0),
        clients=clients,
        channels=clients / per_channel,
        deliveries_per_s=clients * rate,
        publishes_per_s=clients * rate / per_channel,
        payload_bytes=100,
    )


def meter(known, **values):
    exactly = {"headroom": 0.5, "least_servers": 2, "vcpus_per_core": 1.0, **values}
    return Meter(book=load_book(), sizes=known, guesses=said(**exactly))


@pytest.mark.parametrize(
    ("clients", "vcpus", "by_hand"),
    [
        (1_000, 1, 2),  # 100 deliveries a second of 100 us: a hundredth of a core; at least two
        (150_000, 1, 3),  # 15,000 a second take 1.5 cores, each has half of one
        (150_001, 1, 4),
        (150_000, 0.5, 6),
        (150_000, 2, 2),  # with two processes each: 1.5 of 2 cores
    ],
)
def test_servers_by_hand(clients, vcpus, by_hand):
    of = streams(clients)
    assert meter(sizes(deliveries=100e-6)).servers(of, vcpus=vcpus, gib=64) == by_hand


def test_each_guess_counts():
    of, known = streams(150_000), sizes(deliveries=100e-6)
    assert meter(known, headroom=0.0).servers(of, vcpus=1, gib=64) == 2
    assert meter(known, least_servers=5).servers(of, vcpus=1, gib=64) == 5
    assert meter(known, vcpus_per_core=2.0).servers(of, vcpus=1, gib=64) == 6
    assert meter(known).servers(of, vcpus=1, gib=64, work=2.0) == 6


def test_memory_and_connections_bound_a_server_too():
    of, known = streams(1_000_000), sizes()
    # half of a GiB less 1 MiB holds 523,264 connections of 1 KiB
    assert meter(known).servers(of, vcpus=1, gib=1) == 2
    assert meter(known).servers(of, vcpus=1, gib=0.25) == math.ceil(1_000_000 / (127 * 1024))
    assert meter(known).servers(of, vcpus=1, gib=64, connections=1_000) == 1_000


def test_a_publish_reaches_every_server_that_has_a_reader():
    known = sizes(publishes=1e-3)
    alone = streams(1_000, rate=1.0)  # a channel for each: their publishes divide
    assert meter(known).servers(alone, vcpus=1, gib=64) == 2
    assert meter(known).servers(streams(1_100, rate=1.0), vcpus=1, gib=64) == 3
    crowd = streams(1_000_000, rate=600.0, per_channel=1_000_000)  # one channel, read everywhere
    assert meter(known).servers(crowd, vcpus=1, gib=64) > 100_000


def test_what_nobody_measured_has_no_size():
    with pytest.raises(Uncarried, match="nobody measured a server of SSE: give a run"):
        Meter(book=load_book()).servers(streams(10), vcpus=1, gib=1)


@given(
    clients=st.floats(1, 1e7),
    more=st.floats(1, 10),
    transport=st.sampled_from(STANDARD),
    end=st.sampled_from(ENDS),
)
def test_more_clients_never_need_fewer_servers(clients, more, transport, end):
    known = reference_sizes()[transport]
    counts = [
        Meter(book=load_book(), sizes=known, end=end).servers(
            streams(n, transport=transport), vcpus=1, gib=4
        )
        for n in (clients, clients * more)
    ]
    assert counts[0] <= counts[1]


@given(st.integers(1, 10_000), st.integers(1, 50), st.integers(1, 20_000))
def test_the_fewest_are_found_wherever_one_begins(need, least, near):
    assert fewest(lambda count: count >= need, least, 20_000, near) == max(need, least)


def test_the_reference_is_marked_and_has_all_five():
    known = reference_sizes()
    assert set(known) == set(STANDARD)
    for one in known.values():
        assert one.source.startswith(REFERENCE)
        load = load_of_one(streams(1_000, transport=one.transport))
        low, likely, high = (one.cores(load, end) for end in ENDS)
        assert 0 <= low <= likely <= high
        assert high > 0
        least, each, most = one.each_bytes
        assert 0 < least <= each <= most
        assert one.connections >= 100


def test_one_load_alone_grows_in_proportion():
    of = streams(100)
    known = Sizes.in_proportion(
        of, cores=(0.1, 0.2, 0.4), held_bytes=(1e6, 2e6, 3e6), source="by hand"
    )
    double = load_of_one(of.scaled(200))
    assert [known.cores(double, end) for end in ENDS] == pytest.approx([0.2, 0.4, 0.8])
    assert [known.bytes_held(200, end) for end in ENDS] == pytest.approx([2e6, 4e6, 6e6])
