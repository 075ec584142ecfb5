"""The slides of money and energy: few rows, no text over another, the finding on top."""

import pytest
from matplotlib.text import Text

from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.costs import price_all
from pushlab.analysis.cost.measured import traffic_by_cell
from pushlab.analysis.cost.offers import find_offers
from pushlab.analysis.cost.traffic import predicted_traffic
from pushlab.analysis.energy.battery import energy_of, find_radios, run_energy
from pushlab.analysis.energy.traces import predicted_trace
from pushlab.charts import view_of
from pushlab.charts.bills import bills_chart, chosen_bills, cost_charts
from pushlab.charts.break_evens import break_even_chart
from pushlab.charts.frame import SLIDE, save
from pushlab.charts.radio import radio_chart
from pushlab.contract.registry import comparable_profiles
from pushlab.runs import Run
from tests.charts.test_draw import (
    check_no_text_lies_on_another,
    check_titles_are_short_and_all_words_on_the_page,
    measured,
)
from tests.runs.simulated import STANDARD, Cell, simulate


def costs_of(clients, rate=1 / 60, interval_s=5.0, offers=None):
    traffic = {
        name: predicted_traffic(
            profile.retimed(interval_s=interval_s),
            clients=clients,
            rate_per_client_per_s=rate,
            payload_bytes=300,
        )
        for name, profile in comparable_profiles().items()
    }
    return price_all(traffic, find_offers(offers), load_book())


def words(chart):
    return " | ".join(text.get_text().replace("\n", " ") for text in chart.figure.findobj(Text))


def check(chart):
    texts, size = measured(chart.figure)
    check_titles_are_short_and_all_words_on_the_page(texts, size)
    check_no_text_lies_on_another(texts)


@pytest.mark.parametrize("clients", [10, 1e3, 1e7])
def test_bills_are_a_dozen_rows_with_the_cheapest_of_each_transport(clients):
    costs = costs_of(clients)
    shown = chosen_bills(costs.every_bill)
    assert len(shown) == 12
    for bills in costs.bills.values():
        assert bills[0] in shown
    chart = bills_chart("so many clients", costs)
    check(chart)
    said = words(chart)
    assert "12 of 16 ways to buy it" in said
    assert "requests or messages" in said
    assert "connection minutes" in said
    assert "capacity by the hour" in said
    assert "data" not in said.split(" | ")


def test_the_title_says_who_is_cheaper():
    pushed = bills_chart("t", costs_of(1e6)).title
    assert pushed.startswith("WebSocket on AWS WebSocket API costs USD 45,560 a month")
    seldom = bills_chart("t", costs_of(1e6, rate=1.0, interval_s=3_600.0)).title
    assert seldom.startswith("Polling wins: short polling on AWS HTTP API + Lambda costs USD 2,118")


def test_few_offers_make_few_rows():
    costs = costs_of(1e3, offers="aws-http-api,aws-websocket-api")
    chart = bills_chart("t", costs)
    check(chart)
    assert "capacity by the hour" not in words(chart)


@pytest.mark.parametrize("clients", [1e3, 1e6])
def test_the_crossings_have_their_intervals(clients):
    chart = break_even_chart("t", costs_of(clients), "list prices")
    assert chart is not None
    said = words(chart)
    titled = "48 s" if clients == 1e3 else "51.2 s"
    assert chart.title.endswith(f"less often than about every {titled}")
    assert "asked: every 5 s" in said
    if clients == 1e6:
        assert "51.2 s (T* 56.9 s)" in said  # tiers bend it
    texts, size = measured(chart.figure)
    check_titles_are_short_and_all_words_on_the_page(texts, size)


def test_without_a_crossing_there_is_no_such_slide(tmp_path):
    only = costs_of(1e3, offers="aws-http-api")
    assert break_even_chart("t", only, "list prices") is None
    names = [path.name for path in save(cost_charts("t", only), tmp_path)]
    assert names == ["6-bills.png", "6-bills.svg"]


def test_a_minute_of_the_radio():
    lte = find_radios("lte")
    cells = [
        energy_of(
            name,
            profile,
            [predicted_trace(profile.retimed(interval_s=5.0), rate_per_s=1 / 60)],
            lte,
        )
        for name, profile in comparable_profiles().items()
    ]
    chart = radio_chart("one message a minute", cells, lte[0], battery_wh=15.0)
    check(chart)
    assert chart.title.startswith("On LTE, short polling takes 3,817 J an hour, since the radio")
    said = words(chart)
    assert "tail: awake for nothing" in said
    assert "7.07 % of 15 Wh" in said


def test_a_run_of_many_settings_is_drawn(tmp_path):
    cells = [
        *[Cell(f"short-polling {s:g} s", "short-polling", {"interval_s": s}) for s in (0.5, 1, 5)],
        Cell("carrier-pigeon", "carrier-pigeon", delay_s=0.3),
        *STANDARD[2:],
    ]
    run = Run.load(simulate(tmp_path, *cells, trials=1, duration_s=4))
    view = view_of(run)
    costs = price_all(traffic_by_cell(view.analysis.good), find_offers(None), load_book())
    assert "carrier-pigeon: none of these offers carries it" in costs.unpriced
    chart = bills_chart("t", costs, SLIDE, view.cell_styles)
    texts, size = measured(chart.figure)
    check_titles_are_short_and_all_words_on_the_page(texts, size)
    assert "Short polling 0.5 s" in words(chart)
    energies, unknown = run_energy(run, find_radios("wifi"))
    assert (len(energies), unknown) == (7, [])
    check(
        radio_chart("t", energies, find_radios("wifi")[0], battery_wh=15.0, style=view.cell_styles)
    )
