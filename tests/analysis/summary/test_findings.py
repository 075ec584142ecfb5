"""A title says what the data say: swap the data, and the title changes with them.

Longer than 400 lines, since all titles are tried on the same made-up cells.
"""

import random
import re
from dataclasses import replace
from itertools import combinations

import pytest

from pushlab.analysis.cost.month_price import MonthPrice
from pushlab.analysis.summary.claims import Pair, Ranking
from pushlab.analysis.summary.findings import findings_of
from pushlab.analysis.summary.model import CellSummary
from pushlab.contract.profile import Profile
from pushlab.contract.registry import STANDARD, profile_of

PROFILES = {name: profile_of(name) for name in STANDARD} | {
    "pigeon": Profile(name="pigeon", title="pigeon")
}
LATENCY, HITS, STALENESS, WEIGHT, COST = CHARTS = (
    "1-latency",
    "2-hits",
    "3-staleness",
    "4-bytes-and-cpu",
    "5-cost",
)
COMPARED = (LATENCY, HITS, WEIGHT)
ALIKE = ("p50", "mean", "p99")
CLAIMED = {
    "latency_s": "latency_s.mean",
    "latency_s.p50": "latency_s.p50",
    "hits_per_delivery": "hits_per_delivery",
    "bytes_per_delivery": "bytes_per_delivery",
    "cpu_s_per_delivery": "cpu_s_per_delivery",
}


def month(value):
    """From a tenth below to a tenth above."""
    if value is None:
        return MonthPrice()
    ends = {"low": value * 0.9, "usd": value, "high": value * 1.1}
    return MonthPrice(**ends, cannot="", place="Racks (own virtual machines with nginx)")


def cell(transport, value, *, lost=0, delivered=1000):
    """A summary in which every figure has the same value."""
    return CellSummary(
        status="ok",
        transport=transport,
        price=month(value),
        values={
            **{f"latency_s.{name}": value for name in ALIKE},
            **dict.fromkeys(("staleness_s.max", "staleness_s.mean"), value),
            **dict.fromkeys(("hits_per_delivery", "bytes_per_delivery"), value),
            **dict.fromkeys(("cpu_s_per_delivery",), value),
            "latency_s.count": delivered,
            "expected": 1000,
            "delivered": delivered,
            "lost": lost,
        },
    )


def cells(**values):
    return {
        name.replace("_", "-"): cell(name.replace("_", "-"), value)
        for name, value in values.items()
    }


def pair_of(low, high, known, **more):
    """Two cells that are told apart where their figures differ by a tenth, unless `more` says."""
    ratio = known[high] / known[low] if known[low] else None
    apart = known[high] > 1.1 * known[low]
    told = {"answer": "changed" if apart else "same", "at_most": known[high] - known[low]}
    told["ci"] = ratio and (ratio, ratio)
    return Pair(low=low, high=high, ratio=ratio, **{**told, **more})


def rankings_of(summaries, differently=None):
    """By every figure; `differently` has what is said of some pairs, by their names."""
    found = {}
    for key, figure in CLAIMED.items():
        known = {c: s[figure] for c, s in summaries.items() if s[figure] is not None}
        order = sorted(known, key=lambda c: known[c])
        pairs = [
            pair_of(low, high, known, **(differently or {}).get(frozenset((low, high)), {}))
            for low, high in combinations(order, 2)
        ]
        found[key] = Ranking(order, pairs)
    return found


def say(chart, summaries, floor_s=None, **differently):
    """A chart's title; `sse__mqtt={...}` is what is said of these two."""
    pairs = {
        frozenset(name.replace("_", "-").split("--")): told for name, told in differently.items()
    }
    profiles = {name: PROFILES[name] for name in summaries}
    return findings_of(summaries, rankings_of(summaries, pairs), profiles, floor_s)[chart]


UNKNOWN = {"answer": "unknown", "more_trials": 8}


def said_of_two_servers(hub, nchan):
    """What is said of these figures, by transport, on the hub and on nchan."""
    here, there = cells(**hub), cells(**nchan)
    every = here | {f"{name} on nchan": replace(s, system="nchan") for name, s in there.items()}
    profiles = {name: PROFILES[summary.transport] for name, summary in every.items()}
    rankings = {
        key: Ranking(one.order, [p for p in one.pairs if every[p.low].is_like(every[p.high])])
        for key, one in rankings_of(every).items()
    }
    return findings_of(every, rankings, profiles)


def test_of_several_servers_like_is_held_against_like():
    found = said_of_two_servers(
        {"sse": 0.4, "short_polling": 0.5}, {"sse": 0.1, "short_polling": 0.9}
    )
    assert found[LATENCY].startswith("SSE: nchan 0.25 times the hub's median latency")
    assert found[LATENCY].endswith("; also told apart: short polling")
    assert found[HITS].startswith("SSE: nchan 0.25 times the hub's requests per delivery")
    assert found[WEIGHT].startswith("SSE: nchan 0.25 times the hub's CPU per delivery")
    assert STALENESS not in found
    assert COST not in found
    hub, nchan = (found[f"{LATENCY} on {where}"] for where in ("the hub", "nchan"))
    assert hub.startswith("On the hub: SSE delivers in 400 ms (median); short polling takes 500 ms")
    assert nchan.startswith("On nchan: SSE delivers in 100 ms (median); short polling takes 900 ms")


def test_what_is_the_same_of_all_servers_is_said_once():
    alike = {"sse": 0.1, "short_polling": 0.5}
    found = said_of_two_servers(alike, alike)
    assert found[HITS] == "Requests per delivery: alike for SSE and short polling"
    both = found[f"{HITS} on the hub and nchan"]
    assert both.startswith("On the hub and nchan: SSE needs 0.10 requests per delivery")


def test_one_foreign_server_alone_has_the_titles_of_the_hub_and_no_bill():
    one = {f"{n} on nchan": replace(s, system="nchan") for n, s in cells(sse=0.1, mqtt=0.5).items()}
    profiles = {name: PROFILES[summary.transport] for name, summary in one.items()}
    found = findings_of(one, rankings_of(one), profiles)
    assert found[LATENCY].startswith("SSE delivers in 100 ms (median); MQTT takes 500 ms")
    assert sorted(found) == sorted({*CHARTS} - {COST})


@pytest.mark.parametrize("chart", COMPARED)
def test_push_is_named_best_only_when_it_is(chart):
    push_wins = say(chart, cells(short_polling=0.5, sse=0.1))
    polling_wins = say(chart, cells(short_polling=0.1, sse=0.5))
    assert push_wins != polling_wins
    assert "olling wins" in polling_wins
    assert "wins" not in push_wins
    for text in (push_wins, polling_wins):
        assert "hort polling" in text
        assert "SSE" in text


@pytest.mark.parametrize("chart", CHARTS)
def test_figures_that_are_alike_have_no_winner(chart):
    text = say(chart, cells(short_polling=0.5, sse=0.501))
    assert not compares(text)


@pytest.mark.parametrize("chart", COMPARED)
@pytest.mark.parametrize(
    ("told", "words"),
    [
        (UNKNOWN, "needs about 8 more trials"),
        ({"answer": "unknown", "more_trials": 1}, "needs about 1 more trial"),
        ({"answer": "unknown"}, "these trials cannot tell"),
        ({"answer": "unknown", "withheld": {"too few trials": "too few trials"}}, "too few trials"),
        ({"withheld": {"marked": "sse: generator-bound: it was late"}}, "SSE: generator-bound"),
        ({"withheld": {"floor": "below the harness's floor"}}, "below the harness's"),
    ],
)
def test_a_claim_that_is_withheld_says_what_is_missing(chart, told, words):
    text = say(chart, cells(sse=0.1, short_polling=0.5), sse__short_polling=told)
    assert not compares(text), text
    assert words in text
    said = "nothing is claimed" if told.get("withheld") else "no difference is shown"
    assert said in text.lower()


@pytest.mark.parametrize("chart", [LATENCY, WEIGHT])
def test_equality_that_is_known_is_told_with_its_bound(chart):
    alike = {"answer": "same", "at_most": 0.0003}
    text = say(chart, cells(sse=0.0021, websocket=0.0022), sse__websocket=alike)
    assert "SSE and WebSocket: no difference larger than 300 µs" in text or chart != LATENCY
    assert "no difference larger than 0.0003 bytes" in text or chart != WEIGHT


def test_long_polling_beats_mqtt_no_more():
    """Intervals of 2.1 to 45 ms and 1.5 to 113 ms tell nobody apart."""
    found = cells(short_polling=0.5, long_polling=0.0097, mqtt=0.013, sse=0.002)
    pairs = dict.fromkeys(("long_polling__mqtt", "long_polling__sse", "mqtt__sse"), UNKNOWN)
    text = say(LATENCY, found, **pairs)
    assert "beats" not in text
    assert text == (
        "SSE, long polling and MQTT deliver in 2.00 to 13.0 ms (median);"
        " short polling takes 500 ms, 250 times as long"
    )
    del found["short-polling"]
    text = say(LATENCY, found, **pairs)
    assert text == (
        "SSE, long polling and MQTT: no difference is shown, 2.00 to 13.0 ms (median);"
        " needs about 8 more trials"
    )


def test_three_cells_with_mixed_answers():
    found = cells(sse=0.001, mqtt=0.004, short_polling=0.5)
    text = say(LATENCY, found, sse__mqtt=UNKNOWN, mqtt__short_polling=UNKNOWN)
    assert text == (
        "SSE delivers in 1.00 ms (median); short polling takes 500 ms, 500 times as long;"
        " not placed: MQTT (needs about 8 more trials)"
    )
    text = say(LATENCY, found, sse__short_polling=UNKNOWN, mqtt__short_polling=UNKNOWN)
    assert text.startswith("SSE delivers in 1.00 ms (median); MQTT takes 4.00 ms, 4.0 times")
    assert text.endswith("not placed: short polling (needs about 8 more trials)")


@pytest.mark.parametrize("chart", CHARTS)
def test_nothing_measured(chart):
    text = say(chart, {"sse": cell("sse", None, delivered=0)})
    assert text
    assert "SSE" not in text


@pytest.mark.parametrize("chart", CHARTS)
def test_who_lost_messages_is_not_spoken_of(chart):
    two = cells(short_polling=0.5, sse=0.1)
    assert "MQTT" not in say(chart, {**two, "mqtt": cell("mqtt", 0.01, lost=300, delivered=700)})
    assert "MQTT" in say(chart, {**two, "mqtt": cell("mqtt", 0.01, lost=5, delivered=995)})


@pytest.mark.parametrize("chart", CHARTS)
def test_one_transport_alone(chart):
    text = say(chart, cells(short_polling=0.5))
    assert "hort polling" in text
    assert not compares(text)


@pytest.mark.parametrize("chart", CHARTS)
def test_a_plug_in_is_neither_asking_nor_pushing(chart):
    assert "wins" not in say(chart, cells(short_polling=0.1, pigeon=0.5))


@pytest.mark.parametrize(
    ("chart", "clause"),
    [
        (LATENCY, "long polling beats MQTT"),
        (HITS, "long polling needs fewer than MQTT"),
        (WEIGHT, "long polling takes fewer bytes than MQTT"),
    ],
)
def test_asking_that_beats_some_pushing_is_said(chart, clause):
    found = cells(sse=0.1, long_polling=0.3, mqtt=0.8)
    assert clause in say(chart, found)
    assert clause not in say(chart, found, long_polling__mqtt=UNKNOWN)
    assert clause not in say(
        chart, found, long_polling__mqtt={"withheld": {"marked": "mqtt: busy"}}
    )
    assert clause not in say(chart, cells(sse=0.1, long_polling=0.8, mqtt=0.3))


def test_months_are_ranked_by_what_their_ranges_separate():
    apart = say(COST, cells(short_polling=0.1, sse=0.5))
    assert apart == (
        "Polling wins: short polling costs USD 0.09 to 0.11 a month in Racks (own virtual machines"
        " with nginx), SSE USD 0.45 to 0.55"
    )
    assert "the ranges overlap" in say(COST, cells(short_polling=0.5, sse=0.6))
    assert "long polling costs less than MQTT" in say(
        COST, cells(sse=0.1, long_polling=0.3, mqtt=1)
    )


def test_polling_wins_only_over_all_that_push():
    found = cells(long_polling=0.1, sse=0.3, mqtt=0.8)
    assert say(LATENCY, found).startswith("Polling wins: long polling delivers")
    text = say(LATENCY, found, long_polling__sse=UNKNOWN)
    assert "wins" not in text
    assert text.startswith("Long polling and SSE deliver in 100 to 300 ms")


def test_latency_names_figures_and_their_ratio():
    found = cells(short_polling=0.5, sse=0.002)
    assert say(LATENCY, found) == (
        "SSE delivers in 2.00 ms (median); short polling takes 500 ms, 250 times as long"
    )
    wide = {"ci": (180.0, 320.0)}
    assert say(LATENCY, found, sse__short_polling=wide).endswith("180 to 320 times as long")
    narrow = {"ci": (245.0, 255.0)}
    assert say(LATENCY, found, sse__short_polling=narrow).endswith(" 250 times as long")
    assert say(LATENCY, found, sse__short_polling={"ci": None}).endswith("takes 500 ms")


def test_means_stand_in_for_medians_that_rest_on_too_few():
    summaries = cells(short_polling=0.5, sse=0.002)
    summaries["sse"].values["latency_s.p50"] = None
    assert "(mean)" in say(LATENCY, summaries)


def test_a_run_whose_floor_lies_above_a_latency_is_void():
    summaries = cells(sse=0.006, short_polling=0.5)
    assert say(LATENCY, summaries, 0.043) == (
        "Void: the harness alone took 43.0 ms, which is not below the 6.00 ms of SSE;"
        " no latency is ranked"
    )
    assert "Void" not in say(LATENCY, summaries, 0.0059)
    assert "Void" not in say(HITS, summaries, 0.043)


def test_extremes_are_told_as_what_was_seen():
    text = say(STALENESS, cells(short_polling=1.0, long_polling=0.0266, sse=0.0577))
    assert text == (
        "With short polling a client fell up to 1.00 s behind in these trials, with long polling"
        " up to 26.6 ms"
    )
    alike = cells(sse=0.0266, websocket=0.0577)
    assert say(STALENESS, alike, sse__websocket=UNKNOWN) == (
        "A client fell up to 57.7 ms behind in these trials; SSE and WebSocket are not told apart"
    )


def test_hits_tell_who_needs_none():
    found = cells(short_polling=10.0, sse=0.0, websocket=0.0, mqtt=1.0)
    assert say(HITS, found) == (
        "Short polling costs 10.0 requests per delivery; SSE and WebSocket need none"
    )


def test_requests_that_are_one_by_protocol_are_one():
    text = say(HITS, cells(long_polling=0.992, mqtt=1.02))
    assert text == "All need about 1.02 requests per delivery"


def test_one_request_is_no_plural():
    assert "1.00 request per" in say(HITS, cells(mqtt=1.0, sse=0.0))


def test_weights_of_two_winners():
    summaries = cells(sse=100.0, websocket=80.0)
    summaries["sse"].values["cpu_s_per_delivery"] = 10e-6
    summaries["websocket"].values["cpu_s_per_delivery"] = 20e-6
    assert say(WEIGHT, summaries) == (
        "Per delivery WebSocket takes 80 bytes, SSE 100;"
        " SSE takes 10.0 µs of CPU, WebSocket 20.0 µs"
    )


# ---- whatever the figures are -------------------------------------------------------------------

#: Words that say that one has more than another.
_COMPARING = re.compile(r"wins|beats|fewer|\bless\b|as long|sooner|cheaper")
_NAMES = {PROFILES[name].called(name, within=True): name for name in PROFILES}
_TWO = re.compile(
    f"({'|'.join(_NAMES)}) (?:beats|needs fewer than|takes fewer bytes than|takes less CPU than"
    f"|costs less than) ({'|'.join(_NAMES)})"
)


def compares(text):
    return bool(_COMPARING.search(text))


def test_no_title_compares_what_is_not_claimed():
    """Of random figures and random answers: each pair that is named has a claim."""
    draw = random.Random(14)
    compared = 0
    for _ in range(400):
        chosen = draw.sample(sorted(PROFILES), draw.randint(2, 5))
        known = {name: draw.choice((0.0, draw.uniform(0.001, 2.0))) for name in chosen}
        summaries = {name: cell(name, value) for name, value in known.items()}
        pairs = {
            frozenset(two): draw.choice(
                ({}, UNKNOWN, {"answer": "same"}, {"withheld": {"marked": f"{two[0]}: busy"}})
            )
            for two in combinations(chosen, 2)
        }
        rankings = rankings_of(summaries, pairs)
        claims = rankings["latency_s"]
        told = findings_of(summaries, rankings, PROFILES)
        for chart in set(CHARTS) - {COST}:
            text = told[chart][0].lower() + told[chart][1:]
            sure = [pair for pair in claims.pairs if pair.claimed]
            assert sure or not compares(text), text
            for low, high in _TWO.findall(text):
                assert claims.less(_NAMES[low], _NAMES[high]), text
            if chart == STALENESS:
                assert not compares(text)
        text = told[LATENCY]
        found = re.match(r"(?:Polling wins: )?(.*) delivers? in .*?; (.*?) takes", text)
        if found:
            compared += 1
            high = _NAMES[found[2]]
            for name in re.split(", | and ", found[1]):
                low = _NAMES[next(n for n in _NAMES if n.lower() == name.lower())]
                assert claims.less(low, high), text
        if "olling wins" in text:
            asks = {name for name in chosen if PROFILES[name].asks}
            pushes = [name for name in chosen if PROFILES[name].pushes]
            assert any(all(claims.less(a, p) for p in pushes) for a in asks)
    assert compared > 50
