"""Every transport in every architecture, compared within one; and fast enough for ten million."""

import subprocess
import sys
import time

import pytest

from pushlab.analysis.cost.architectures import DEFAULT, find_architectures
from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.month import price_all
from pushlab.analysis.cost.sizes import reference_sizes
from pushlab.analysis.cost.traffic import predicted_traffic
from pushlab.contract.registry import comparable_profiles

BOOK = load_book()


def all_five(clients, rate=0.1, interval_s=5.0):
    return {
        name: predicted_traffic(
            one.retimed(interval_s=interval_s),
            clients=clients,
            rate_per_client_per_s=rate,
            payload_bytes=300,
        )
        for name, one in comparable_profiles().items()
    }


@pytest.fixture(scope="module")
def costs():
    return price_all(all_five(50_000), find_architectures(None), BOOK)


def test_within_one_architecture_stand_all_transports(costs):
    assert {one.cell for one in costs.within} == set(comparable_profiles())
    assert {one.architecture for one in costs.within} == {DEFAULT}
    assert [one.usd for one in costs.within] == sorted(one.usd for one in costs.within)


def test_across_stands_the_cheapest_of_each(costs):
    for one in costs.across:
        others = costs.priced[one.architecture.key]
        assert one.usd == min(other.usd for other in others)
    assert costs.cheapest_for("mqtt")[0].usd == min(
        one.usd for one in costs.every if one.cell == "mqtt"
    )


def test_polling_costs_no_more_from_the_break_even_on(costs):
    assert {even.cell for even in costs.evens} == {
        name for name, one in comparable_profiles().items() if one.pushes
    }
    assert any(even.interval_s[1] < float("inf") for even in costs.evens)
    for even in costs.evens:
        push = next(one for one in costs.within if one.cell == even.cell)
        low, likely, high = even.interval_s
        assert low <= likely <= high
        if likely == float("inf"):
            assert costs.polling.usd(30 * 86_400) > push.usd
            continue
        assert likely > 0
        assert costs.polling.usd(likely * 1.001) <= push.usd + 1e-6
        assert costs.polling.usd(likely * 0.998) > push.usd - 1e-6


def test_a_cells_own_sizes_go_before_those_of_the_reference():
    traffic = {"sse": all_five(50_000)["sse"]}
    own = {"sse": reference_sizes()["mqtt"]}
    dear, cheap = (price_all(traffic, [], BOOK, sizes=sizes).within[0] for sizes in (own, None))
    assert dear.usd > cheap.usd


def test_plain_values_hold_everything(costs):
    told = costs.to_json()
    assert told["architecture"] == DEFAULT.key
    first = told["priced"][DEFAULT.key][0]
    assert first["low"]["usd"] <= first["likely"]["usd"] <= first["high"]["usd"]
    assert {"guess", "low_usd", "high_usd", "source"} <= set(first["swings"][0])


def test_ten_million_clients_are_priced_at_once_and_without_numpy():
    traffic, began = all_five(1e7), time.process_time()
    price_all(traffic, find_architectures(None), BOOK)
    assert time.process_time() - began < 3
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, pushlab.analysis.cost.month;"
            "print({'numpy', 'scipy', 'pyarrow'} & set(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout == "set()\n"
