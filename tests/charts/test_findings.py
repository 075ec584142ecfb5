"""A title says what the data say: swap the data, and the title changes with them."""

import pytest

from pushlab.analysis.summary.model import CellSummary
from pushlab.charts.findings import (
    cost_finding,
    hits_finding,
    latency_finding,
    staleness_finding,
    weight_finding,
)
from pushlab.charts.style import cell_styles
from pushlab.contract.profile import Profile
from pushlab.contract.registry import STANDARD, profile_of
from pushlab.testing.null import Null

NAMES = {
    "short-polling": "short polling",
    "long-polling": "long polling",
    "sse": "SSE",
    "websocket": "WebSocket",
    "mqtt": "MQTT",
    "pigeon": "pigeon",
}


PROFILES = {name: profile_of(name) for name in STANDARD} | {
    "pigeon": Profile(name="pigeon", title="pigeon")
}


def cell(transport, value, *, lost=0, ci=None, delivered=1000):
    """A summary in which every figure has the same value."""
    alike = ("p50", "mean", "p99")
    return CellSummary(
        status="ok",
        transport=transport,
        values={
            **{f"latency_s.{name}": value for name in alike},
            **dict.fromkeys(("staleness_s.max", "staleness_s.mean"), value),
            **dict.fromkeys(("hits_per_delivery", "bytes_per_delivery"), value),
            **dict.fromkeys(("cpu_s_per_delivery", "usd_per_month.usd"), value),
            "latency_s.count": delivered,
            "expected": 1000,
            "delivered": delivered,
            "lost": lost,
        },
        intervals={f"latency_s.{name}": ci for name in alike if ci is not None},
    )


def cells(**values):
    return {name: cell(name, value) for name, value in _spelled(values).items()}


def _spelled(values):
    return {name.replace("_", "-"): value for name, value in values.items()}


FINDINGS = [latency_finding, hits_finding, staleness_finding, weight_finding, cost_finding]


@pytest.mark.parametrize("finding", FINDINGS)
def test_push_is_named_best_only_when_it_is(finding):
    push_wins = finding(cells(short_polling=0.5, sse=0.1), NAMES, PROFILES)
    polling_wins = finding(cells(short_polling=0.1, sse=0.5), NAMES, PROFILES)
    assert push_wins != polling_wins
    assert "Polling wins" in polling_wins
    assert "Polling wins" not in push_wins
    assert "short polling" in polling_wins
    assert "SSE" in push_wins


@pytest.mark.parametrize("finding", FINDINGS)
def test_figures_that_are_alike_have_no_winner(finding):
    text = finding(cells(short_polling=0.5, sse=0.501), NAMES, PROFILES)
    assert "wins" not in text
    assert "Per delivery" in text or "SSE" not in text


@pytest.mark.parametrize("finding", FINDINGS)
def test_nothing_measured(finding):
    empty = cell("sse", None, delivered=0)
    text = finding({"sse": empty}, NAMES, PROFILES)
    assert "SSE" not in text
    assert text


@pytest.mark.parametrize("finding", FINDINGS)
def test_who_lost_messages_is_not_the_winner(finding):
    broken = cell("mqtt", 0.01, lost=300, delivered=700)
    text = finding({**cells(short_polling=0.5, sse=0.1), "mqtt": broken}, NAMES, PROFILES)
    assert "MQTT" not in text
    careless = cell("mqtt", 0.01, lost=5, delivered=995)
    assert "MQTT" in finding(
        {**cells(short_polling=0.5, sse=0.1), "mqtt": careless}, NAMES, PROFILES
    )


@pytest.mark.parametrize("finding", FINDINGS)
def test_one_transport_alone(finding):
    text = finding(cells(short_polling=0.5), NAMES, PROFILES)
    assert "hort polling" in text
    assert "wins" not in text


@pytest.mark.parametrize("finding", FINDINGS)
def test_a_plug_in_is_neither_asking_nor_pushing(finding):
    assert "wins" not in finding(cells(short_polling=0.1, pigeon=0.5), NAMES, PROFILES)


@pytest.mark.parametrize(
    ("finding", "clause"),
    [
        (latency_finding, "long polling beats MQTT"),
        (hits_finding, "long polling needs fewer than MQTT"),
        (weight_finding, "long polling takes fewer bytes than MQTT"),
        (cost_finding, "long polling costs less than MQTT"),
    ],
)
def test_asking_that_beats_some_pushing_is_said(finding, clause):
    assert clause in finding(cells(sse=0.1, long_polling=0.3, mqtt=0.8), NAMES, PROFILES)
    assert clause not in finding(cells(sse=0.1, long_polling=0.8, mqtt=0.3), NAMES, PROFILES)


def test_latency_names_figures_and_their_ratio():
    text = latency_finding(cells(short_polling=0.5, sse=0.002), NAMES, PROFILES)
    assert text == "SSE delivers in 2.00 ms (median); short polling takes 500 ms, 250 times as long"


def test_means_stand_in_for_medians_that_rest_on_too_few():
    summaries = cells(short_polling=0.5, sse=0.002)
    summaries["sse"].values["latency_s.p50"] = None
    assert "(mean)" in latency_finding(summaries, NAMES, PROFILES)


def test_a_difference_below_the_floor_is_not_ranked():
    summaries = cells(sse=0.0010, websocket=0.0012, short_polling=0.5)
    assert latency_finding(summaries, NAMES, PROFILES).startswith("SSE delivers")
    assert latency_finding(summaries, NAMES, PROFILES, 0.0005).startswith(
        "SSE and WebSocket deliver"
    )
    del summaries["short-polling"]
    assert "No difference" in latency_finding(summaries, NAMES, PROFILES, 0.0005)


def test_extremes_that_are_close_make_no_winner():
    close = cells(short_polling=1.0, long_polling=0.0266, sse=0.0277)
    assert "wins" not in staleness_finding(close, NAMES, PROFILES)
    apart = cells(short_polling=1.0, long_polling=0.0266, sse=0.0577)
    assert "Polling wins" in staleness_finding(apart, NAMES, PROFILES)


def test_intervals_that_touch_are_not_ranked():
    summaries = {
        "sse": cell("sse", 0.0010, ci=[0.0008, 0.0013]),
        "websocket": cell("websocket", 0.0012, ci=[0.0011, 0.0014]),
        "short-polling": cell("short-polling", 0.5, ci=[0.4, 0.6]),
    }
    assert latency_finding(summaries, NAMES, PROFILES).startswith("SSE and WebSocket deliver")
    summaries["websocket"] = cell("websocket", 0.0020, ci=[0.0019, 0.0021])
    assert latency_finding(summaries, NAMES, PROFILES).startswith("SSE delivers")


def test_hits_tell_who_needs_none():
    text = hits_finding(
        cells(short_polling=10.0, sse=0.0, websocket=0.0, mqtt=1.0), NAMES, PROFILES
    )
    assert text == "Short polling costs 10.0 requests per delivery; SSE and WebSocket need none"


def test_one_request_is_no_plural():
    assert "1.00 request per" in hits_finding(cells(mqtt=1.0, sse=0.0), NAMES, PROFILES)


def test_weights_of_two_winners():
    summaries = cells(sse=100.0, websocket=80.0)
    summaries["sse"].values["cpu_s_per_delivery"] = 10e-6
    summaries["websocket"].values["cpu_s_per_delivery"] = 20e-6
    assert weight_finding(summaries, NAMES, PROFILES) == (
        "Per delivery WebSocket takes 80 bytes, SSE 100;"
        " SSE takes 10.0 µs of CPU, WebSocket 20.0 µs"
    )


# ---- words ----------------------------------------------------------------------------------


def name_of(cell, profile):
    return cell_styles({cell: profile})[cell].name


def name_within(cell, profile):
    return cell_styles({cell: profile})[cell].within


def test_names():
    polls, sse = PROFILES["short-polling"], PROFILES["sse"]
    assert name_of("short-polling 5 s", polls) == "Short polling 5 s"
    assert name_of("my own label", sse) == name_within("my own label", sse) == "my own label"
    assert name_of("pigeon", Profile(name="pigeon", title="Carrier pigeon")) == "Carrier pigeon"
    assert name_of("anything", Profile()) == "anything"
    assert name_within("short-polling 5 s", polls) == "short polling 5 s"
    assert name_within("sse", sse) == "SSE"
    assert name_within("websocket", PROFILES["websocket"]) == "WebSocket"


def test_settings_of_one_transport_are_shades_and_all_differ():
    found = cell_styles(
        {f"short-polling {i}": PROFILES["short-polling"] for i in range(4)}
        | {"sse": PROFILES["sse"]}
    )
    assert len({style.colour for style in found.values()}) == 5
    assert found["sse"].colour == "#56B4E9"
    assert len({str(style.line) for style in found.values()}) == 2


def test_colours_carry_meaning():
    found = cell_styles(
        {name: PROFILES[name] for name in list(NAMES)[:5]} | {"null": Null.profile}, ["null"]
    )
    assert [style.colour for style in found.values()] == [
        "#D55E00",
        "#E69F00",
        "#56B4E9",
        "#0072B2",
        "#009E73",
        "#8A8A8A",
    ]
