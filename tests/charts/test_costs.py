"""The slides of money and energy: few rows, no text over another, the finding on top."""

import math

import pytest
from matplotlib.text import Text

from pushlab.analysis.cost.architectures import (
    ARCHITECTURES,
    DEFAULT,
    KINDS_OF_ARCHITECTURE,
    PARTS,
)
from pushlab.analysis.cost.telling import place_words, shares_of
from pushlab.analysis.energy.battery import energy_of, find_radios, run_energy
from pushlab.analysis.energy.traces import predicted_trace
from pushlab.charts import view_of
from pushlab.charts.bars import cost_chart
from pushlab.charts.bills import _PARTS, architectures_chart, bills_chart, shown_architectures
from pushlab.charts.break_evens import break_even_chart
from pushlab.charts.frame import PHONE, SLIDE
from pushlab.charts.radio import radio_chart
from pushlab.charts.ranges import Range, draw_ranges
from pushlab.charts.sensitivity import sensitivity_chart
from pushlab.contract.registry import comparable_profiles
from pushlab.quantities import interval
from pushlab.runs import Run
from tests.analysis.cost.test_telling import costs_of
from tests.charts.test_draw import (
    check_no_text_lies_on_another,
    check_titles_are_short_and_all_words_on_the_page,
    measured,
)
from tests.runs.simulated import STANDARD, Cell, simulate


def words(chart):
    return " | ".join(text.get_text().replace("\n", " ") for text in chart.figure.findobj(Text))


def check(chart):
    texts, size = measured(chart.figure)
    check_titles_are_short_and_all_words_on_the_page(texts, size)
    check_no_text_lies_on_another(texts)


@pytest.mark.parametrize("clients", [10, 5e4])
def test_bills_are_of_one_architecture_and_each_has_its_number(clients):
    costs = costs_of(clients)
    chart = bills_chart("so many clients", costs)
    check(chart)
    said = words(chart)
    assert place_words(DEFAULT) in chart.title
    for profile in comparable_profiles().values():
        assert profile.title in said
    assert said.count("USD ") >= len(costs.within)


@pytest.mark.parametrize("key", ["aws-serverless", "emqx", "azure-signalr"])
def test_a_part_of_any_architecture_is_drawn(key):
    costs = costs_of(900, chosen=ARCHITECTURES[key])
    parts = {part for one in costs.within if one.likely for part in shares_of(one.likely)}
    chart = bills_chart("t", costs)
    assert parts <= set(words(chart).split(" | "))


def test_each_part_has_a_look():
    assert set(_PARTS) == set(PARTS)


@pytest.mark.parametrize("clients", [10, 5e4])
def test_across_every_row_has_its_kind(clients):
    costs = costs_of(clients)
    shown = shown_architectures(costs)
    assert len(shown) <= 12
    assert costs.across[0] in shown
    assert {one.architecture.kind for one in shown} == {
        one.architecture.kind for one in costs.across
    }
    check(architectures_chart("so many clients", costs, PHONE))
    chart = architectures_chart("so many clients", costs)
    check(chart)
    said = words(chart).split(" | ")
    for one in shown:
        assert KINDS_OF_ARCHITECTURE[one.architecture.kind] in said


def test_a_thousandfold_is_as_legible_as_the_rest():
    from matplotlib.figure import Figure

    axes = Figure(figsize=(16, 9)).add_axes((0.1, 0.1, 0.8, 0.8))
    axes.set_ylim(2.6, -0.6)
    rows = [Range(low=1, likely=1, high=1), Range(low=900, likely=1e3, high=2e3)]
    draw_ranges(axes, [*rows, Range(problem="cut at 29 s")], 20, SLIDE)
    inside = axes.transData.transform([(1, 0), (1e3, 1)])[:, 0]
    box = axes.get_window_extent()
    assert all(box.x0 + 10 < x < box.x1 - 10 for x in inside)
    assert all(len(line.get_xdata()) == 2 for line in axes.lines)  # a line at each likely amount
    said = [text.get_text() for text in axes.texts]
    assert said == ["USD 1.00", "USD 1,000", "USD 900 to 2,000", "cut at 29 s"]


@pytest.mark.parametrize("sheet", [SLIDE, PHONE])
def test_a_tornado_for_each_transport_the_widest_on_top(sheet):
    costs = costs_of(5e4)
    chart = sensitivity_chart("so many clients", costs, sheet)
    check(chart)
    assert chart.title.startswith("What matters most: ")
    for one in costs.within:
        widths = [swing.width_usd for swing in one.swings]
        assert widths == sorted(widths, reverse=True)
        assert one.swings[0].guess.words in words(chart)


def test_the_crossings_have_their_intervals():
    costs = costs_of(5e4)
    chart = break_even_chart("t", costs)
    assert chart is not None
    assert place_words(DEFAULT) in chart.title
    assert "asked: every 5 s" in words(chart)
    drawn = next(one for one in costs.evens if 0 < one.interval_s[1] < math.inf)
    least, _, most = drawn.interval_s
    assert 0 < least < math.inf
    assert f"may cost no more than WebSocket from every {interval(least)} on" in chart.title
    never = most == math.inf
    assert ("none is sure to" if never else f"from every {interval(most)} on") in chart.title
    texts, size = measured(chart.figure)
    check_titles_are_short_and_all_words_on_the_page(texts, size)


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
    chart = bills_chart("t", view.costs, SLIDE, view.cell_styles)
    texts, size = measured(chart.figure)
    check_titles_are_short_and_all_words_on_the_page(texts, size)
    assert "Short polling 0.5 s" in words(chart)
    assert "is not known to carry" in words(cost_chart(view))
    energies, unknown = run_energy(run, find_radios("wifi"))
    assert (len(energies), unknown) == (7, [])
    check(
        radio_chart("t", energies, find_radios("wifi")[0], battery_wh=15.0, style=view.cell_styles)
    )
