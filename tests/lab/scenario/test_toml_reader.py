"""Scenarios: what is accepted, and one clear line for everything that is not.

Longer than 400 lines, since each refusal is a line of one table.
"""

import contextlib
import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.analysis.stats.intervals import MIN_SAMPLES, MIN_TRIALS_TAIL
from pushlab.analysis.stats.percentiles import PERCENTILES, samples_needed
from pushlab.contract.registry import STANDARD, load_transport
from pushlab.errors import ScenarioError, UnknownTransport, UsageError
from pushlab.lab.scenario.model import Scenario, scenario_keys
from pushlab.lab.scenario.source import Source
from pushlab.lab.scenario.toml_reader import (
    builtin_scenarios,
    load_scenario,
    make_scenario,
    parse_scenario,
)
from pushlab.runs import Link

SSE = '\n[[transport]]\nname = "sse"\n'
POLL = '\n[[transport]]\nname = "short-polling"\n'


def refusal(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse_scenario(text, "mine.toml")
    message = str(caught.value)
    assert "\n" not in message
    return re.sub(r"^mine\.toml:\d+: ", "mine.toml: ", message)  # the lines have their own tests


# ---- what comes with pushlab -----------------------------------------------------------------


@pytest.mark.parametrize("name", builtin_scenarios())
def test_builtin_scenarios_can_be_loaded(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.title
    assert scenario.cells


def test_quick_has_the_standard_five_and_enough_publishes_for_a_p95() -> None:
    quick = load_scenario("quick")
    assert [cell.transport for cell in quick.cells] == list(STANDARD)
    publishes = quick.rate_per_s * quick.channel_count * quick.duration_s * MIN_TRIALS_TAIL
    assert publishes - 2 * publishes**0.5 > max(samples_needed(PERCENTILES["p95"]), MIN_SAMPLES)
    # Whole intervals in the window, so that its edges do not change the number of polls; several,
    # so that staleness rises and falls.
    intervals = quick.duration_s / quick.cells[0].interval_s
    assert intervals == round(intervals) >= 3
    # The story: messages are rarer than polls.
    assert quick.rate_per_s * quick.cells[0].interval_s <= 0.5


def test_quick_measures_for_90_seconds_in_all() -> None:
    quick = load_scenario("quick")
    measured_s = len(quick.cells) * (quick.warmup_s + quick.duration_s)
    assert MIN_TRIALS_TAIL * measured_s <= 90  # until a p95 may have its interval
    others_s = 12.0  # on a quiet machine: starting, connecting, the floor, of one repetition
    others_s += len(quick.cells) * 2.5 * quick.parts_s
    assert MIN_TRIALS_TAIL * (measured_s + others_s) <= quick.at_most_s + 10
    assert quick.trials < MIN_TRIALS_TAIL


def test_who_asks_for_a_number_of_trials_gets_that_number() -> None:
    quick = load_scenario("quick")
    assert quick.until
    assert not quick.override(trials=2).until
    assert quick.override(trials=2, until="p50 ±10%").until == "p50 ±10%"
    assert quick.override(clients=20).until == quick.until


# ---- what a file may say ---------------------------------------------------------------------


def test_a_scenario_is_what_its_file_says() -> None:
    scenario = parse_scenario(
        'title = "T"\nclients = 25\nchannels = "rooms"\nroom_size = 10\narrivals = "burst"\n'
        "burst_size = 3\nrate_per_s = 2\nduration_s = 7\nseed = 9\n" + SSE,
        "mine.toml",
        default="mine",
    )
    assert (scenario.name, scenario.title, scenario.seed) == ("mine", "T", 9)
    assert (scenario.per_channel, scenario.channel_count) == (10, 3)
    assert scenario.rate_per_s == 2.0
    assert isinstance(scenario.rate_per_s, float)
    assert scenario.burst_size == 3


@pytest.mark.parametrize(
    ("channels", "per_channel", "count"), [("shared", 7, 1), ("per-client", 1, 7), ("rooms", 3, 3)]
)
def test_channel_plans(channels: str, per_channel: int, count: int) -> None:
    text = f'clients = 7\nroom_size = 3\nchannels = "{channels}"\n' + SSE
    scenario = parse_scenario(text, "mine.toml")
    assert (scenario.per_channel, scenario.channel_count) == (per_channel, count)


def test_one_transport_may_come_with_several_settings() -> None:
    text = POLL + "interval_s = 0.5\n" + POLL + "interval_s = 5\n" + SSE
    scenario = parse_scenario(text, "mine.toml")
    labels = [cell.label for cell in scenario.cells]
    assert labels == ["short-polling 0.5 s", "short-polling 5 s", "sse"]
    assert [cell.interval_s for cell in scenario.cells] == [0.5, 5.0, 0.0]


def test_every_setting_that_differs_is_in_the_label() -> None:
    text = POLL + 'clock = "pause"\n' + POLL + "random_phase = false\n" + POLL
    labels = [cell.label for cell in parse_scenario(text, "mine.toml").cells]
    assert labels == [
        "short-polling pause random phase",
        "short-polling fixed no random phase",
        "short-polling fixed random phase",
    ]


def test_a_label_of_ones_own() -> None:
    scenario = parse_scenario(POLL + 'label = "impatient"\ninterval_s = 0.1\n', "mine.toml")
    assert scenario.cells[0].label == "impatient"


def test_poll_interval_holds_where_a_transport_has_none_of_its_own() -> None:
    text = "poll_interval_s = 3\n" + POLL + POLL + "interval_s = 0.5\n"
    assert [cell.interval_s for cell in parse_scenario(text, "mine.toml").cells] == [3.0, 0.5]


def test_a_scenario_as_json_has_every_default_filled_in() -> None:
    told = parse_scenario(SSE, "mine.toml").to_json()
    fields = {field.name for field in dataclasses.fields(Scenario)} - {"cells", "own", "left_out"}
    assert fields <= told.keys()
    assert told["channel_count"] == 1
    assert told["transports"] == [{"label": "sse", "transport": "sse", "options": {}}]


# ---- what a file may not say -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clents = 3" + SSE, ["mine.toml: clents", "unknown key", "did you mean clients?"]),
        ("clients = 3.5" + SSE, ["mine.toml: clients", "whole number", "3.5"]),
        ("clients = true" + SSE, ["mine.toml: clients", "whole number", "true or false"]),
        ('clients = "3"' + SSE, ["mine.toml: clients", "whole number", "text"]),
        ("clients = 0" + SSE, ["mine.toml: clients", "0", "from 1 to 1,000,000"]),
        ("rate_per_s = -1" + SSE, ["mine.toml: rate_per_s", "-1", "above 0"]),
        ("rate_per_s = 0" + SSE, ["mine.toml: rate_per_s", "0", "above 0"]),
        ("rate_per_s = nan" + SSE, ["mine.toml: rate_per_s", "nan", "above 0"]),
        ("duration_s = inf" + SSE, ["mine.toml: duration_s", "inf", "above 0"]),
        ("payload_bytes = 32768" + SSE, ["mine.toml: payload_bytes", "from 1 to 32,767"]),
        ("name = 3" + SSE, ["mine.toml: name", "must be text", "a number"]),
        ('name = " "' + SSE, ["mine.toml: name", "not empty"]),
        ('channels = "room"' + SSE, ["mine.toml: channels", "shared, per-client, rooms"]),
        ('arrivals = "often"' + SSE, ["mine.toml: arrivals", "constant, poisson, burst"]),
        ('broker = "mosquito"' + SSE, ["mine.toml: broker", "did you mean mosquitto?"]),
        ("clients = [1" + SSE, ["mine.toml: not TOML"]),
        ("clients = 3", ["mine.toml: transport", "at least one"]),
        ("transport = 3", ["mine.toml: transport", "[[transport]]"]),
        ("[[transport]]", ["mine.toml: transport[0].name", "is missing"]),
        ("[[transport]]\nname = 3", ["mine.toml: transport[0].name", "must be text"]),
        (SSE + 'label = ""', ["mine.toml: transport[0].label", "not empty"]),
        (SSE + POLL + "interval_s = -4", ["mine.toml: transport[1].interval_s", "-4", "0.001"]),
        (POLL + "intervall_s = 4", ["mine.toml: transport[0].intervall_s", "interval_s"]),
        (POLL + "interval_s = true", ["mine.toml: transport[0].interval_s", "a number"]),
        (POLL + POLL, ["mine.toml: transport", "'short-polling'", "another label"]),
        (SSE + 'label = "a"' + POLL + 'label = "a"', ["mine.toml: transport", "'a'"]),
    ],
)
def test_what_cannot_be_is_told_with_file_and_key(text: str, words: list[str]) -> None:
    message = refusal(text)
    assert all(word in message for word in words), message


def test_an_unknown_transport_is_told_with_file_key_and_the_known_ones() -> None:
    with pytest.raises(UnknownTransport) as caught:
        parse_scenario('[[transport]]\nname = "shrt-polling"', "mine.toml")
    message = str(caught.value)
    assert message.startswith("mine.toml:2: transport[0].name:")
    assert "did you mean short-polling?" in message


def test_an_unknown_scenario_lists_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match="did you mean quick") as caught:
        load_scenario("quik")
    assert all(name in str(caught.value) for name in builtin_scenarios())


def test_files_are_found_by_path(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("clients = 3" + SSE)
    assert load_scenario(str(path)).name == "own"
    assert load_scenario(path).clients == 3
    with pytest.raises(ScenarioError, match="no such scenario file"):
        load_scenario(tmp_path / "none.toml")
    path.write_bytes(b"title = '\xff'")
    with pytest.raises(ScenarioError, match="not UTF-8"):
        load_scenario(path)
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_scenario(str(tmp_path) + "/")


# ---- what the command line may change --------------------------------------------------------


@pytest.fixture
def scenario() -> Scenario:
    text = POLL + "interval_s = 0.5\n" + POLL + "interval_s = 5\n" + SSE
    return parse_scenario("clients = 10\n" + text, "mine.toml")


def test_nothing_given_changes_nothing(scenario: Scenario) -> None:
    assert scenario.override() == scenario


def test_flags_replace_values(scenario: Scenario) -> None:
    changed = scenario.override(
        clients=7, rate_per_s=3, duration_s=2, trials=4, seed=5, broker="embedded"
    )
    assert (changed.clients, changed.rate_per_s, changed.duration_s) == (7, 3.0, 2.0)
    assert (changed.trials, changed.seed, changed.broker) == (4, 5, "embedded")
    assert changed.cells == scenario.cells


def test_transports_select_by_name_or_label_and_add(scenario: Scenario) -> None:
    def labels(*names: str) -> list[str]:
        return [cell.label for cell in scenario.override(transports=names).cells]

    assert labels("sse") == ["sse"]
    assert labels("short-polling") == ["short-polling 0.5 s", "short-polling 5 s"]
    assert labels("short-polling 5 s", "websocket") == ["short-polling", "websocket"]
    assert labels("sse", "sse") == ["sse"]
    with pytest.raises(UnknownTransport):
        labels("carrier-pigeon")
    with pytest.raises(ScenarioError, match="--transports"):
        labels()


def test_one_poll_interval_for_all_makes_equal_cells_one(scenario: Scenario) -> None:
    changed = scenario.override(poll_interval_s=2)
    assert [(cell.label, cell.interval_s) for cell in changed.cells] == [
        ("short-polling", 2.0),
        ("sse", 0.0),
    ]


def test_own_labels_survive_a_flag() -> None:
    text = POLL + 'label = "impatient"\ninterval_s = 0.1\n' + SSE
    changed = parse_scenario(text, "mine.toml").override(transports=["impatient"])
    assert [cell.label for cell in changed.cells] == ["impatient"]


@pytest.mark.parametrize(
    ("flag", "change"),
    [
        ("--clients", {"clients": 0}),
        ("--rate", {"rate_per_s": -1.0}),
        ("--rate", {"rate_per_s": float("nan")}),
        ("--poll-interval", {"poll_interval_s": 0.0}),
        ("--duration", {"duration_s": 0.0}),
        ("--trials", {"trials": 0}),
        ("--seed", {"seed": -1}),
        ("--broker", {"broker": "rabbit"}),
    ],
)
def test_a_flag_that_cannot_be_is_named(scenario: Scenario, flag: str, change: dict) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario.override(**change)
    assert str(caught.value).startswith(f"{flag}: ")


# ---- link and encryption ---------------------------------------------------------------------

LINK = "[link]\none_way_ms = 50\njitter_ms = 5\nkbit_per_s = 1000\n"


def test_a_link_is_a_table_of_numbers() -> None:
    scenario = parse_scenario("tls = true\n" + LINK + SSE, "mine.toml")
    assert scenario.link == Link(one_way_ms=50, jitter_ms=5, kbit_per_s=1000)
    assert scenario.tls
    assert scenario.to_json()["link"] == {"one_way_ms": 50, "jitter_ms": 5, "kbit_per_s": 1000}
    assert parse_scenario("[link]\n" + SSE, "mine.toml").link == Link()
    dotted = parse_scenario("link.one_way_ms = 50\n" + SSE, "mine.toml")
    assert dotted.link == Link(one_way_ms=50)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("link = 50" + SSE, ["mine.toml: link:", "[link]", "not 50"]),
        ("[link]\none_way_s = 1" + SSE, ["mine.toml: link.one_way_s:", "link.one_way_ms"]),
        ("[link]\none_way_ms = -1" + SSE, ["mine.toml: link.one_way_ms:", "0 to 10,000"]),
        ('[link]\nkbit_per_s = "fast"' + SSE, ["mine.toml: link.kbit_per_s:", "a number"]),
        ("[link]\njitter_ms = 3" + SSE, ["mine.toml: link.jitter_ms:", "one_way_ms"]),
        ("tls = 1" + SSE, ["mine.toml: tls:", "true or false"]),
        ('tls = true\nbroker = "mqtt://a:b@c"' + SSE, ["mine.toml: tls:", "mqtts://"]),
        ('broker = "mqtts://a:secret@c"' + SSE, ["mine.toml: broker:", "encrypted"]),
    ],
)
def test_a_link_that_cannot_be_is_told(text: str, words: list[str]) -> None:
    message = refusal(text)
    assert all(word in message for word in words), message
    assert "secret" not in message


def test_a_transport_with_sockets_of_its_own_is_not_put_on_a_link(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sse = load_transport("sse")
    monkeypatch.setattr(sse, "is_sans_io", classmethod(lambda cls: False))
    message = refusal(LINK + POLL + SSE)
    assert message.startswith("mine.toml: link.one_way_ms: sse opens its own sockets")
    plain = parse_scenario(SSE, "mine.toml")
    with pytest.raises(ScenarioError, match=r"^--kbit-per-s: sse"):
        plain.override(kbit_per_s=64)
    with pytest.raises(ScenarioError, match=r"^--tls: sse"):
        plain.override(tls=True)


def test_flags_change_the_link_value_by_value(scenario: Scenario) -> None:
    far = scenario.override(one_way_ms=50, tls=True)
    assert (far.link, far.tls) == (Link(one_way_ms=50), True)
    slow = far.override(kbit_per_s=64, tls=False)
    assert (slow.link, slow.tls) == (Link(one_way_ms=50, kbit_per_s=64), False)
    with pytest.raises(ScenarioError, match=r"^--jitter-ms: 60 is more than"):
        far.override(jitter_ms=60)
    with pytest.raises(ScenarioError, match=r"^--one-way-ms: "):
        far.override(one_way_ms=-1)


# ---- where it stands in the file -------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("# a\ntitle = 'x'\n\nclients = 0\n" + SSE, "mine.toml:4: clients: 0 is out of range"),
        ('title = """\nclients = 0\n"""\nclients = 0\n' + SSE, "mine.toml:4: clients: 0"),
        ("[link]\n# b\none_way_ms = -1\n" + SSE, "mine.toml:3: link.one_way_ms: -1"),
        ("[hub]\nkeep_alive_s = 0\n" + SSE, "mine.toml:2: hub.keep_alive_s: 0"),
        ("hub = 3\n" + SSE, "mine.toml:1: hub: write it as a [hub] table"),
        (SSE + POLL + "clock = 'pause'\n\ninterval_s = 0", "mine.toml:9: transport[1].interval_s"),
        (SSE + "\n[[transport]]\nlabel = 'a'", "mine.toml:5: transport[1].name: is missing"),
        ("nonsense = [\n1,\n2]\n" + SSE, "mine.toml:1: nonsense: unknown key"),
        ("stall_s = 2\nduration_s = 1\n" + SSE, "mine.toml:1: stall_s: a stall of 2 s"),
        ("clients = 3\n\nclients = 4" + SSE, "mine.toml: not TOML: Cannot overwrite a value"),
    ],
)
def test_an_error_names_file_line_and_key(text: str, begins: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "mine.toml")
    assert str(caught.value).startswith(begins)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\nclients = " + "1" * 5_000, "be read: line 2: a number of thousands of digits"),
        ("clients = " + "1_" * 5_000 + "1", "be read: line 1: a number of thousands of digits"),
        ("clients = 0x" + "f" * 5_000 + SSE, "a number of thousands of digits is out of range"),
        ("clients = " + "[" * 1_000, "lists within lists without end"),
        ("clients = " + "[" * 100_000, "lists within lists without end"),
        ("rate_per_s = 1" + "0" * 400 + SSE, "is out of range; it must be above 0 and at most"),
        ("rate_per_s = 1e999" + SSE, "inf is out of range"),
        ('channels = "' + "x" * 5_000 + '"' + SSE, "is not one of shared, per-client, rooms"),
        ("clients = 1979-05-27" + SSE, "must be a whole number, not date"),
    ],
)
def test_what_no_reader_is_made_for_is_one_line_too(text: str, words: str) -> None:
    message = refusal(text)
    assert words in message
    assert len(message) < 400


@given(st.text(alphabet='[]{}"=\n.ax1-# \x00', max_size=60))
def test_garbage_is_a_scenario_or_one_line(text: str) -> None:
    with contextlib.suppress(UsageError):
        parse_scenario(text, "mine.toml")
    with pytest.raises(UsageError, match=r"\A.+\Z"):
        parse_scenario("clients = 0\n" + text + SSE, "mine.toml")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@given(st.sampled_from([*scenario_keys(), "link", "hub", "transport", "x"]), json_values)
def test_any_value_of_any_key_is_taken_or_refused_in_one_line(key: str, value: object) -> None:
    data = {"transport": [{"name": "sse"}], key: value}
    told = ""
    try:
        make_scenario(Source(data, "mine.toml"))
    except UsageError as error:
        told = str(error)
    assert not told or re.fullmatch(rf"mine\.toml: {re.escape(key)}.*", told)


def test_the_hubs_dials_are_a_table_of_the_scenario_and_reach_the_hub() -> None:
    text = "[hub]\nkeep_alive_s = 60\nretain_messages = 7\n" + POLL + "interval_s = 500\n"
    made = parse_scenario(text, "mine.toml")
    assert (made.hub_settings.keep_alive_s, made.hub_settings.retain_messages) == (60.0, 7)
    assert made.hub_settings.retain_s == 3_600.0  # enough for four polls
    slow = parse_scenario(POLL + "interval_s = 5000\n", "mine.toml")
    assert slow.hub_settings.retain_s == 20_030.0
    assert made.to_json()["hub"]["keep_alive_s"] == 60.0
    assert made.override(keep_alive_s=5).hub_settings.keep_alive_s == 5.0
    with pytest.raises(ScenarioError, match=r"^--keep-alive: 0 is out of range"):
        made.override(keep_alive_s=0)
