"""A transport that pushlab does not know is treated as one of its kind, whatever its name.

Each of pushlab's own is given another name: whatever is computed of it must stay the same.
"""

import dataclasses

import pytest

from pushlab.analysis.cost.architectures import find_architectures
from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.month import price_all
from pushlab.analysis.cost.sizes import reference_sizes
from pushlab.analysis.cost.traffic import predicted_traffic
from pushlab.analysis.energy.battery import energy_of, find_radios
from pushlab.analysis.energy.traces import predicted_trace
from pushlab.analysis.forecast.forecast import forecast
from pushlab.analysis.forecast.sizing import Workload
from pushlab.analysis.models.prediction import predict
from pushlab.analysis.summary.findings import findings_of
from pushlab.charts.radio import radio_chart
from pushlab.charts.style import cell_styles
from pushlab.contract.profile import Profile
from pushlab.contract.registry import STANDARD, profile_of
from tests.analysis.models.test_prediction import trial
from tests.analysis.summary.test_findings import cell, rankings_of

LOAD = {"clients": 1_000, "rate_per_client_per_s": 1 / 60, "payload_bytes": 300}
WORK = Workload(clients=1_000, rate_per_s=1 / 60, interval_s=5.0, payload_bytes=300.0)


def stranger(profile):
    """The same transport as a plug-in that keeps its looks to itself."""
    return dataclasses.replace(profile, name="pigeon", title="Carrier pigeon", colour="", dashes=())


@pytest.fixture(params=[*STANDARD, "channel-api-dev"])
def known(request):
    return profile_of(request.param)


@pytest.mark.parametrize("arrivals", ["constant", "poisson", "burst"])
def test_it_is_predicted(known, arrivals):
    record = trial(known.name, arrivals=arrivals)
    renamed = dataclasses.replace(record, transport="pigeon", profile=stranger(known))
    assert predict(renamed, delay_s=0.001) == predict(record, delay_s=0.001)


def test_it_is_priced(known):
    here, there = (predicted_traffic(one, **LOAD) for one in (known, stranger(known)))
    assert dataclasses.replace(there, profile=known) == here
    polled = predicted_traffic(profile_of("short-polling"), **LOAD)
    sizes = {"x": reference_sizes()["sse"]}
    costs, others = (
        price_all({"polled": polled, "x": one}, find_architectures(None), load_book(), sizes=sizes)
        for one in (here, there)
    )
    told, again = (
        [(one.architecture.key, one.range_usd) for one in each.cheapest_for("x")]
        for each in (costs, others)
    )
    assert again == told != []
    assert len(others.evens) == len(costs.evens)


def test_it_is_forecast(known):
    here, there = (forecast(one, WORK) for one in (known, stranger(known)))
    assert there.closed == here.closed
    assert there.simulated == here.simulated


def test_it_drains_a_battery(known):
    radios = find_radios("lte")
    here, there = (
        energy_of("x", one, [predicted_trace(one, rate_per_s=1 / 60)], radios)
        for one in (known, stranger(known))
    )
    assert there.uses == here.uses
    assert there.to_json(15.0)["transport"] == "pigeon"


def test_it_is_drawn_and_told_of():
    asks, sends = stranger(profile_of("short-polling")), profile_of("sse")
    styles = cell_styles({"pigeon 5 s": asks, "sse": sends, "own": Profile(name="own")})
    assert styles["pigeon 5 s"].name == "Carrier pigeon 5 s"
    assert styles["pigeon 5 s"].within == "carrier pigeon 5 s"
    assert len({style.colour for style in styles.values()}) == 3
    profiles = {"pigeon": asks, "sse": sends}
    won = {"pigeon": cell("pigeon", 0.1), "sse": cell("sse", 0.5)}
    told = findings_of(won, rankings_of(won), profiles)["2-hits"]
    assert told.startswith("Polling wins: carrier pigeon needs")
    lte = find_radios("lte")
    cells = [
        energy_of(name, one, [predicted_trace(one, rate_per_s=1 / 60)], lte)
        for name, one in profiles.items()
    ]
    assert "carrier pigeon takes 3,820 J" in radio_chart("t", cells, lte[0], battery_wh=15).title
