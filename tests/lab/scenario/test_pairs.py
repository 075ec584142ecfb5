from collections.abc import Mapping
from typing import Any

import pytest

from pushlab.contract.registry import make_transport
from pushlab.contract.transport import Transport
from pushlab.errors import ScenarioError, UnknownTransport
from pushlab.lab.scenario import cells, pairs
from pushlab.lab.scenario.cells import Cell, make_cells
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.pairs import at_systems, chosen
from pushlab.lab.scenario.toml_reader import load_scenario, parse_scenario
from pushlab.lab.scenario.toml_writer import scenario_as_toml
from pushlab.systems.system import Started, System, Wanted


class _Other(System):
    """Speaks three transports as the hub does; no server stands behind it."""

    name = title = "other"
    speaks = ("short-polling", "sse", "mqtt")

    def transport(self, name: str, settings: Mapping[str, Any]) -> Transport:
        self.check_speaks(name)
        if name == "sse":
            settings = {key: settings[key] for key in settings if key != "nothing"}
        return make_transport(name, settings)

    async def start(self, wanted: Wanted) -> Started:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "system_names", lambda: ("hub", "other"))
    monkeypatch.setattr(cells, "find_system", lambda name: {"other": _Other()}[name])


def labels(scenario: Scenario) -> list[str]:
    return [cell.label for cell in scenario.cells]


def test_each_transport_is_put_on_each_system_that_speaks_it_and_the_rest_is_told() -> None:
    asked = load_scenario("tiny").override(
        transports=["short-polling", "sse", "websocket"], systems=["hub", "other"]
    )
    assert labels(asked) == [
        "short-polling",
        "short-polling on other",
        "sse",
        "sse on other",
        "websocket",
    ]
    assert asked.left_out == ("other does not speak websocket",)
    assert [cell.system for cell in asked.cells] == ["hub", "other", "hub", "other", "hub"]


def test_systems_may_be_chosen_again_and_again() -> None:
    asked = load_scenario("tiny").override(transports=["sse", "websocket"], systems=["other"])
    assert labels(asked) == ["sse on other"]
    again = asked.override(systems=["hub", "other"])
    assert labels(again) == ["sse", "sse on other"]
    assert labels(again.override(systems=["hub"])) == ["sse"]
    assert again.override(systems=["hub"]).left_out == ()


def test_a_transport_that_is_added_comes_where_the_others_are() -> None:
    asked = load_scenario("tiny").override(transports=["sse"], systems=["other"])
    assert labels(asked.override(transports=["sse", "short-polling"])) == [
        "sse on other",
        "short-polling on other",
    ]


def test_settings_stand_before_the_system() -> None:
    found = at_systems(
        [
            Cell("", "short-polling", {"interval_s": 1.0}),
            Cell("", "short-polling", {"interval_s": 5.0}),
        ],
        ["hub", "other"],
        None,
    )
    assert [cell.label for cell in make_cells(found.cells, 1.0)] == [
        "short-polling 1 s",
        "short-polling 5 s",
        "short-polling 1 s on other",
        "short-polling 5 s on other",
    ]


def test_a_label_of_the_scenario_s_own_tells_the_system() -> None:
    found = at_systems([Cell("stream", "sse", own_label=True)], ["hub", "other"], None)
    assert [cell.label for cell in make_cells(found.cells, 1.0)] == ["stream", "stream on other"]


def test_what_does_not_exist_is_refused() -> None:
    tiny = load_scenario("tiny")
    with pytest.raises(ScenarioError, match=r"--systems: unknown system 'othr'; did you mean oth"):
        tiny.override(systems=["othr"])
    with pytest.raises(ScenarioError, match=r"nothing is left.*: other does not speak websocket"):
        tiny.override(transports=["websocket"], systems=["other"])
    with pytest.raises(UnknownTransport, match="'ssse'"):
        tiny.override(transports=["ssse"], systems=["other"])
    with pytest.raises(ScenarioError, match="--transports names no transport"):
        chosen(tiny.cells, [], None, None)


def test_a_file_names_systems_for_all_or_for_one_transport() -> None:
    text = 'systems = ["hub", "other"]\n[[transport]]\nname = "sse"\n[[transport]]\nname = "mqtt"\n'
    asked = parse_scenario(text + 'system = "hub"\n', "s.toml")
    assert labels(asked) == ["sse", "sse on other", "mqtt"]


def test_a_file_that_names_a_system_alone_means_all_that_it_speaks() -> None:
    assert labels(parse_scenario('system = "other"', "s.toml")) == [
        "short-polling on other",
        "sse on other",
        "mqtt on other",
    ]


def test_a_file_comes_back_from_the_run_s_record() -> None:
    text = 'systems = ["hub", "other"]\n[[transport]]\nname = "sse"\n[[transport]]\nname = "mqtt"\n'
    asked = parse_scenario(text, "s.toml")
    again = parse_scenario(scenario_as_toml(asked.to_json()), "again.toml")
    assert again.to_json() == asked.to_json()


SSE = '[[transport]]\nname = "sse"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('system = "othr"\n' + SSE, r"s.toml:1: system: unknown system 'othr'; did you mean other"),
        ('systems = ["hub", "x"]\n' + SSE, r"s.toml:1: systems: unknown system 'x'"),
        ("systems = 3\n" + SSE, r"s.toml:1: systems: must be a list of names such as"),
        ("systems = []\n" + SSE, r"s.toml:1: systems: must be a list of names such as"),
        ("systems = [3]\n" + SSE, r"s.toml:1: systems: must be text, not a number"),
        ('systems = ["hub", "hub"]\n' + SSE, r"s.toml:1: systems: a name stands twice"),
        ('system = "hub"\nsystems = ["hub"]\n' + SSE, r"s.toml:1: system: name all systems in"),
        ("system = 3\n" + SSE, r"s.toml:1: system: must be a name such as"),
        (SSE + "system = 3", r"s.toml:3: transport\[0\].system: must be text that is not empty"),
        (SSE + 'system = "x"', r"s.toml:3: transport\[0\].system: unknown system 'x'"),
        (
            '[[transport]]\nname = "websocket"\nsystem = "other"',
            r"s.toml:2: transport\[0\].name: nothing is left.*other does not speak websocket",
        ),
        (
            'system = "other"\n[[transport]]\nname = "short-polling"\ninterval = 3',
            r"s.toml:4: transport\[0\].interval: .*no option 'interval'; its options: interval_s",
        ),
        (
            'system = "other"\npayload_bytes = 15\n' + SSE,
            r"s.toml:2: payload_bytes: sse on other: .*no room for the stamp .*the smallest has 16",
        ),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        parse_scenario(text, "s.toml")
