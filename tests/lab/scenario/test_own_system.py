"""The ``[system]`` table: what it describes, and what is told of one that is wrong."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from pushlab.errors import ScenarioError
from pushlab.lab.scenario.grid import grid_again, make_grid
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.own_system import read_own_system, written_system
from pushlab.lab.scenario.source import parse_toml
from pushlab.lab.scenario.toml_reader import load_scenario, parse_scenario
from pushlab.lab.scenario.toml_writer import scenario_as_toml
from pushlab.systems.spec import SystemSpec

TEN_LINES = """\
[system]
start = "uvicorn app:app --port {port}"
ready = "/healthz"
publish = { method = "POST", path = "/rooms/{channel}", body = '{"text": "{message}"}', \
headers = { authorization = "Bearer {env.KEY}" } }
[system.sse]
path = "/rooms/{channel}/events"
[system.short-polling]
path = "/rooms/{channel}?since={last_id}"
last_id = "$.last"
[system.websocket]
path = "/ws/{channel}"
hello = '{"subscribe": "{channel}"}'
"""


def own(text: str) -> SystemSpec:
    found = parse_scenario(text, "mine.toml").own
    assert found is not None
    return found


def labels(scenario: Scenario) -> list[str]:
    return [cell.label for cell in scenario.cells]


def test_ten_lines_are_a_scenario_of_all_transports_that_they_describe() -> None:
    asked = parse_scenario(TEN_LINES, "mine.toml")
    assert labels(asked) == ["short-polling on mine", "sse on mine", "websocket on mine"]
    spec = own(TEN_LINES)
    assert spec.start == "uvicorn app:app --port {port}"
    assert spec.publish.body == '{"text": "{message}"}'
    assert spec.publish.headers == {"authorization": "Bearer {env.KEY}"}
    assert spec.speaks["short-polling"].last_id == "$.last"
    assert [cell.served_by.name for cell in asked.cells] == ["mine"] * 3


def test_the_hub_may_stand_beside_it() -> None:
    asked = parse_scenario('systems = ["hub", "mine"]\n' + TEN_LINES, "mine.toml")
    assert labels(asked) == [
        *("short-polling", "short-polling on mine"),
        *("sse", "sse on mine"),
        *("websocket", "websocket on mine"),
    ]
    assert labels(asked.override(systems=["mine"], transports=["sse"])) == ["sse on mine"]
    assert labels(asked.override(systems=["hub"], transports=["mqtt"])) == ["mqtt"]
    assert asked.override(transports=["mqtt"]).left_out == ("mine does not speak mqtt",)


def test_it_has_a_name_of_its_own_and_transports_that_are_chosen() -> None:
    named = TEN_LINES.replace("[system]\n", '[system]\nname = "chat"\ntitle = "Our chat"\n')
    asked = parse_scenario(named + '[[transport]]\nname = "sse"\n', "mine.toml")
    assert labels(asked) == ["sse on chat"]
    assert asked.cells[0].served_by.title == "Our chat"


@pytest.mark.parametrize(("file", "name"), [("chat", "chat"), ("my chat", "mine"), ("hub", "mine")])
def test_it_is_called_after_its_file_and_mine(file: str, name: str, tmp_path: Path) -> None:
    (tmp_path / f"{file}.toml").write_text('systems = ["hub", "mine"]\n' + TEN_LINES)
    asked = load_scenario(tmp_path / f"{file}.toml")
    assert {cell.system for cell in asked.cells} == {"hub", name}
    again = parse_scenario(scenario_as_toml(asked.to_json()), "again.toml")
    assert again.to_json() == asked.to_json()
    assert labels(asked.override(systems=["mine"], transports=["sse"])) == [f"sse on {name}"]


def test_a_run_keeps_what_was_written_and_nothing_that_was_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEY", "swordfish")
    asked = parse_scenario(TEN_LINES, "mine.toml")
    kept = asked.to_json()
    assert kept["system"]["publish"]["headers"] == {"authorization": "Bearer {env.KEY}"}
    assert "swordfish" not in json.dumps(kept) + repr(asked)
    again = parse_scenario(scenario_as_toml(kept), "again.toml")
    assert again.to_json() == kept
    assert read_own_system(written_system(own(TEN_LINES)), str) == own(TEN_LINES)


def test_a_sweep_of_it_is_made_again_where_it_was() -> None:
    grid = make_grid(parse_toml("clients = [2, 4]\n" + TEN_LINES, "mine.toml"), {})
    again = grid_again(json.loads(json.dumps(grid.source)))
    assert [point.scenario for point in again.points] == [point.scenario for point in grid.points]


def test_it_is_started_where_its_file_lies(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(TEN_LINES)
    found = load_scenario(tmp_path / "mine.toml").own
    assert found is not None
    assert found.folder == str(tmp_path)


def replaced(old: str, new: str) -> str:
    assert old in TEN_LINES
    return TEN_LINES.replace(old, new)


START, READY = 'start = "uvicorn app:app --port {port}"', 'ready = "/healthz"'
SSE_PATH = 'path = "/rooms/{channel}/events"'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (replaced("ready", "redy"), r"mine.toml:3: system.redy: unknown key; did you mean ready\?"),
        (replaced("[system.sse]", "[system.ssse]"), r":5: system.ssse: .*did you mean sse\?"),
        (replaced(READY, "ready = 3"), r":3: system.ready: must be text, not a number"),
        (replaced("hello", "helo"), r":12: system.websocket.helo: .*did you mean hello\?"),
        (replaced(START, ""), r":1: system: say how it is started .* or where it is \(url\)"),
        (
            replaced(READY, 'url = "http://127.0.0.1:80"'),
            r":3: system.url: .*give start or url, not both",
        ),
        (replaced(" --port {port}", ""), r":2: system.start: must hold \{port\}"),
        (replaced("{port}", "{prt}"), r":2: system.start: \{prt\} .*did you mean \{port\}\?"),
        (replaced("app:app", "'app"), r":2: system.start: is no command: No closing quotation"),
        (replaced("/healthz", "healthz"), r":3: system.ready: must begin with /"),
        (replaced(READY, "pid = 12"), r":3: system.pid: goes with url"),
        (replaced('"POST"', '""'), r":4: system.publish.method: '' is none such as POST"),
        (replaced("{message}", "{channel}"), r":4: system.publish.body: holds \{message\} nowhere"),
        (
            replaced("{message}", "{message}{message}"),
            r":4: system.publish.body: holds \{message\} twice or more",
        ),
        (replaced("{message}", "{mesage}"), r":4: system.publish.body: .*mean \{message\}\?"),
        (
            replaced("Bearer {env.KEY}", "Bearer abc"),
            r":4: system.publish.headers.authorization: is a secret.*write \{env.NAME\}",
        ),
        (
            replaced("{env.KEY}", "{env.KEY}\\n"),
            r":4: system.publish.headers.authorization: a header holds no line break",
        ),
        (replaced("authorization", '"a b"'), r":4: system.publish.headers: 'a b' cannot be the"),
        (replaced("publish", "#"), r":1: system.publish: is missing; say how a message gets in"),
        (replaced(SSE_PATH, 'path = "events"'), r":6: system.sse.path: must begin with / and"),
        (replaced(SSE_PATH, 'path = "/a b"'), r":6: system.sse.path: must begin with / and"),
        (replaced(SSE_PATH, 'path = "/{chan}"'), r":6: system.sse.path: \{chan\} has no meaning"),
        (replaced(SSE_PATH, 'path = "/{message}"'), r":6: system.sse.path: \{message\} has no"),
        (replaced(SSE_PATH, 'path = "/?token=abc"'), r":6: system.sse.path: is a secret"),
        (replaced('last_id = "$.last"', ""), r":8: system.short-polling.path: holds \{last_id\}"),
        (replaced(SSE_PATH, "port = '80a'"), r":6: system.sse.port: must be a number such as"),
        (TEN_LINES.partition("[system.sse]")[0], r":1: system: must say how a message gets out"),
        ("[system]\nsse = '/'\n", r":2: system.sse: write it as a table \[system.sse\], not '/'"),
        (
            "[[system]]\nname = 'x'\n",
            r":1: system: must be a name such as 'nchan', or a \[system\]",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(ScenarioError, match=r"mine\.toml.*" + told.removeprefix("mine.toml")):
        parse_scenario(text, "mine.toml")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("staging.example", "must be an address such as"),
        ("ftp://staging.example", "must be an address such as"),
        ("http://[", "must be an address such as"),
        ("mqtt://", "must be an address such as"),
        ("http://a:99999", "must be an address such as"),
        ("https://me:secret@staging.example", "must hold no log-in; give it as a header"),
        ("https://{env.HOST}", r"can hold no \{env.NAME\}"),
        ("https://staging.example/api", "must end with host and port"),
    ],
)
def test_an_address_that_cannot_be_is_told_without_its_secret(url: str, told: str) -> None:
    text = replaced(START, f"url = '{url}'")
    with pytest.raises(ScenarioError, match=rf"mine\.toml:2: system\.url: .*{told}") as caught:
        parse_scenario(text, "mine.toml")
    assert "secret" not in str(caught.value)


BROKER = """
[system]
url = "mqtts://broker.example"
publish = { protocol = "mqtt", topic = "rooms/{channel}", user = "me", password = "{env.KEY}" }
mqtt = { topic = "rooms/{channel}", user = "me", password = "{env.KEY}" }
"""


def test_a_broker_of_ones_own_is_published_to_by_mqtt() -> None:
    spec = own(BROKER)
    assert (spec.encrypted, spec.publish.topic, spec.speaks["mqtt"].user) == (
        True,
        "rooms/{channel}",
        "me",
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('protocol = "mqtt", ', "", "publish.protocol: is http, and url an MQTT broker's"),
        ('"mqtt", topic = "rooms/{channel}"', '"mqtt", topic = "rooms/+"', "publish.topic: must"),
        ('password = "{env.KEY}" }\nmqtt', 'password = "abc" }\nmqtt', "password: is a secret"),
    ],
)
def test_what_is_wrong_with_a_broker_of_ones_own_is_told(old: str, new: str, told: str) -> None:
    assert old in BROKER
    with pytest.raises(ScenarioError, match=told):
        parse_scenario(BROKER.replace(old, new, 1), "mine.toml")


def test_a_name_that_pushlab_has_is_refused() -> None:
    text = replaced("[system]\n", "[system]\nname = 'hub'\n")
    with pytest.raises(ScenarioError, match=r":2: system.name: 'hub' is a server that pushlab has"):
        parse_scenario(text, "mine.toml")


# ---- garbage in any place gives a ScenarioError, and nothing else -------------------------------

_GARBAGE: Any = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(min_value=-(2**70), max_value=2**70),
        st.floats(),
        st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00")),
        st.sampled_from(["{port}", "{message}", "{env.}", "{env.X}", "http://[", "'", "$.", "%"]),
        st.dates(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["path", "headers", "x", "{port}"]), inner, max_size=3),
    ),
    max_leaves=5,
)


def _places(table: dict[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()] if not above else []
    for name, value in table.items():
        found.append((*above, name))
        if isinstance(value, dict):
            found += _places(value, (*above, name))
    return found


_WHOLE = written_system(own(TEN_LINES))


@given(
    place=st.sampled_from(_places(_WHOLE)),
    name=st.sampled_from(["", "x", "url", "pid", "metrics", "headers", "qos", "name", "port"]),
    garbage=_GARBAGE,
)
def test_garbage_in_any_place_is_refused_or_taken_but_never_breaks(
    place: tuple[str, ...], name: str, garbage: Any
) -> None:
    table: Any = copy.deepcopy(_WHOLE)
    target = table
    for step in place[:-1]:
        target = target[step]
    if place and not name:
        target[place[-1]] = garbage
    elif place and isinstance(target[place[-1]], dict):
        target[place[-1]][name] = garbage
    else:
        table[name] = garbage
    _read(lambda: read_own_system(table, str))
    _read(lambda: parse_scenario(tomli_w.dumps({"system": table}), "mine.toml"))


def _read(read: Callable[[], object]) -> None:
    told = ""
    try:
        read()
    except ScenarioError as error:
        told = str(error)
    assert "\n" not in told
    assert len(told) < 2_000
