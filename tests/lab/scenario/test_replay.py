"""The scenario of a log has the log's clients and messages, at its busiest."""

from collections import Counter

import pytest

from pushlab.contract.registry import load_transport
from pushlab.lab.scenario.access_log import read_log
from pushlab.lab.scenario.replay import busiest, replaying
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.lab.scenario.trace import parse_trace
from tests.lab.scenario.logs import Line, polls, write

WIRE = load_transport("channel-api-dev")


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Ten users for a minute; and long before and behind them two, for ten."""
    few = [
        Line(one.at_s + shift_s, one.target, one.size)
        for one in polls(users=2, span_s=600)
        for shift_s in (-4000, 4000)
    ]
    path = tmp_path_factory.mktemp("log") / "a.log"
    return read_log(write(path, sorted([*few, *polls()], key=lambda one: one.at_s)), WIRE)


def test_the_busiest_stretch_is_found(log):
    stretch = busiest(log, 30, seed=1)
    assert (stretch.clients, stretch.sampled) == (10, 10)
    assert 0.6 * 60 < len(stretch.messages) < 1.4 * 60  # 10 users, 0.2 a second, 30 s
    assert all(0 <= at_s < 30 for at_s, _ in stretch.messages)
    assert {channel for _, channel in stretch.messages} <= set(range(10))


def test_a_message_lies_between_two_polls_of_its_answer(tmp_path):
    lines = [
        Line(k / 2, "/_ah/channel/dev?command=poll&channel=a", 9 * (k == 21)) for k in range(60)
    ]
    log = read_log(write(tmp_path / "a.log", lines, "console"), WIRE)
    ((at_s, channel),) = busiest(log, 30, seed=1).messages
    assert 10.0 <= at_s <= 10.5
    assert channel == 0


def test_of_many_clients_a_share_is_taken_with_its_share_of_messages(log):
    whole, part = busiest(log, 60, seed=1), busiest(log, 60, seed=1, most=5)
    assert (part.clients, part.sampled) == (10, 5)
    of_whole = Counter(channel for _, channel in whole.messages)
    assert len(of_whole) == 10
    assert len({channel for _, channel in part.messages}) == 5
    assert 0.25 < len(part.messages) / len(whole.messages) < 0.75


def test_the_scenario_has_the_rate_of_the_log(log):
    plain = load_scenario("off-polling").override(duration_s=58.0)
    stretch = busiest(log, 60, seed=1)
    made = replaying(plain, stretch)
    assert made.per_channel == 1
    assert made.channel_count == 10
    assert len(parse_trace(made.trace)) == len(stretch.messages)
    assert made.rate_per_s == pytest.approx(log.rate_per_s, rel=0.25)
