"""What a title says of several servers."""

import pytest

from pushlab.analysis.summary.across import across_words, multiple_of
from pushlab.analysis.summary.by_system import by_system
from pushlab.analysis.summary.claims import Pair, Ranking
from pushlab.analysis.summary.model import CellSummary

NAMES = {"sse": "SSE", "websocket": "WebSocket", "long-polling": "long polling"}
SAME = {"answer": "same", "at_most": 1e-6}
UNKNOWN = {"answer": "unknown", "more_trials": 8}


def say(**known):
    """The sentence; `sse=(1.0, (2.0, {...}))`: the hub's figure, nchan's and what their pair is."""
    cells, figures, pairs = {}, {}, []
    for name, (hub, other) in known.items():
        transport = name.replace("_", "-")
        there = f"{transport} on nchan"
        cells[transport] = CellSummary(status="ok", transport=transport)
        cells[there] = CellSummary(status="ok", transport=transport, system="nchan")
        value, told = other
        figures |= {transport: hub, there: value}
        low, high = (transport, there) if hub <= value else (there, transport)
        ratio = figures[high] / figures[low]
        told = {"answer": "changed", "ratio": ratio, "ci": (ratio * 0.9, ratio * 1.1), **told}
        pairs.append(Pair(low=low, high=high, **told))
    ranking = Ranking(sorted(figures, key=figures.get), pairs)
    grid = by_system(cells)
    return across_words("CPU per delivery", grid, NAMES, ranking, figures, lambda p: p.missing)


def test_the_farthest_is_told_with_its_interval_and_the_others_by_name():
    text = say(sse=(1.0, (0.4, {})), websocket=(1.0, (0.9, {})), long_polling=(1.0, (1.0, SAME)))
    assert text == (
        "SSE: nchan 0.40 times the hub's CPU per delivery (0.36 to 0.44);"
        " also told apart: WebSocket; alike: long polling"
    )


def test_swapped_figures_change_the_sentence():
    assert say(sse=(0.4, (1.0, {}))) == (
        "SSE: nchan 2.50 times the hub's CPU per delivery (2.25 to 2.75)"
    )


def test_what_is_not_known_is_no_difference():
    assert say(sse=(1.0, (0.4, UNKNOWN))) == (
        "CPU per delivery: no server is told apart from another;"
        " not known: SSE (needs about 8 more trials)"
    )
    assert say(sse=(1.0, (0.4, {"withheld": {"marked": "sse: busy-machine"}}))).endswith(
        "not known: SSE (sse: busy-machine)"
    )
    assert say(sse=(1.0, (1.0, SAME))) == "CPU per delivery: alike for SSE"
    told = say(sse=(1.0, (0.4, {})), websocket=(1.0, (0.9, UNKNOWN)))
    assert told.endswith("; not known: WebSocket")


def test_nothing_is_said_where_no_transport_is_on_two_servers():
    cells = {"sse": CellSummary(status="ok", transport="sse")}
    assert across_words("hits", by_system(cells), NAMES, Ranking(), {"sse": 1.0}, str) == ""


@pytest.mark.parametrize(
    ("value", "words"), [(0.42, "0.42 times"), (3.0, "3.00 times"), (310.2, "310 times")]
)
def test_multiples(value, words):
    assert multiple_of(value) == words
