"""How cells are named and coloured: alike on every chart."""

from pushlab.charts.style import cell_styles
from pushlab.contract.profile import Profile
from pushlab.contract.registry import STANDARD, profile_of
from pushlab.testing.null import Null

PROFILES = {name: profile_of(name) for name in STANDARD}


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


def test_servers_keep_the_colours_of_transports_and_differ_in_lines_and_hatches():
    labels = dict.fromkeys(("sse", "websocket"), ("hub", "Hub"))
    for server in (("fastapi", "FastAPI"), ("ws", "ws")):
        labels |= {f"{name} on {server[0]}": server for name in ("sse", "websocket")}
    profiles = {label: PROFILES[label.split(" ")[0]] for label in labels}
    found = cell_styles(profiles, systems=labels)
    assert found["sse"].colour == found["sse on fastapi"].colour == found["sse on ws"].colour
    assert found["sse"].texture == {}
    hatches = [found[f"sse on {where}"].texture["hatch"] for where in ("fastapi", "ws")]
    assert len(set(hatches)) == 2
    assert len({str(found[label].line) for label in labels if label.startswith("sse")}) == 3
    assert [found[label].name for label in labels][:3] == [
        "SSE on Hub",
        "WebSocket on Hub",
        "SSE on FastAPI",
    ]
    assert found["sse"].within == "SSE on the hub"
    assert (found["sse on ws"].setting, found["sse on ws"].server) == ("SSE", "ws")
    alone = cell_styles({"sse on ws": PROFILES["sse"]}, systems={"sse on ws": ("ws", "ws")})[
        "sse on ws"
    ]
    assert (alone.name, alone.texture) == ("SSE", {})


def test_colours_carry_meaning():
    found = cell_styles(
        {name: PROFILES[name] for name in list(STANDARD)} | {"null": Null.profile}, ["null"]
    )
    assert [style.colour for style in found.values()] == [
        "#D55E00",
        "#E69F00",
        "#56B4E9",
        "#0072B2",
        "#009E73",
        "#8A8A8A",
    ]
