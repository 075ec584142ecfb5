"""Which cells of a run stand side by side."""

from pushlab.analysis.summary.by_system import by_system, named, plain_label
from pushlab.analysis.summary.model import CellSummary


def cell(transport, system="hub", *, floor=False, **options):
    return CellSummary(
        status="ok", transport=transport, system=system, options=options, floor=floor
    )


def test_a_transport_of_each_server_is_one_setting():
    grid = by_system(
        {
            "sse": cell("sse"),
            "websocket": cell("websocket"),
            "null": cell("null", floor=True),
            "sse on nchan": cell("sse", "nchan"),
            "websocket on ws": cell("websocket", "ws"),
        }
    )
    assert grid.systems == {"hub": "hub", "nchan": "nchan", "ws": "ws"}
    assert grid.first == "hub"
    assert grid.named() == "the hub, nchan and ws"
    assert grid.several
    assert grid.settings == {
        "sse": {"hub": "sse", "nchan": "sse on nchan"},
        "websocket": {"hub": "websocket", "ws": "websocket on ws"},
    }
    assert grid.cells == ["sse", "sse on nchan", "websocket", "websocket on ws"]
    assert grid.of("nchan") == ["sse on nchan"]


def test_settings_with_other_options_are_others():
    polls = {
        f"short-polling {s:g} s{on}": cell("short-polling", system, interval_s=s)
        for system, on in (("hub", ""), ("nchan", " on nchan"))
        for s in (1.0, 5.0)
    }
    assert by_system(polls).settings == {
        f"short-polling {s} s": {
            "hub": f"short-polling {s} s",
            "nchan": f"short-polling {s} s on nchan",
        }
        for s in (1, 5)
    }


def test_labels_of_ones_own_are_told_by_what_they_are():
    own = {
        "before": cell("sse", "mine"),
        "after": cell("sse", "yours"),
        "both": cell("sse", "mine"),
    }
    assert by_system(own).settings == {
        "before": {"mine": "before", "yours": "after"},
        "both": {"mine": "both"},
    }


def test_one_server_alone_is_not_several():
    assert not by_system({"sse on nchan": cell("sse", "nchan")}).several
    assert not by_system({}).several


def test_names():
    assert plain_label("short-polling 1 s on nchan", "nchan") == "short-polling 1 s"
    assert plain_label("sse on nchan in Chromium", "nchan") == "sse in Chromium"
    assert plain_label("sse", "hub") == "sse"
    assert named("hub", "Hub") == named("hub") == "the hub"
    assert (named("fastapi", "FastAPI"), named("ws")) == ("FastAPI", "ws")
