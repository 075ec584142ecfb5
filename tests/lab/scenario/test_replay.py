"""What was recorded is replayed by its own clients, a channel each, in warm-up and window."""

import pytest

from pushlab.lab.scenario.replay import replaying
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.lab.scenario.trace import parse_trace


def test_the_scenario_has_the_record_s_clients_rate_and_sizes():
    plain = load_scenario("off-polling")
    messages = [(0.5, 2, 100), (3.25, 0, 300), (29.0, 1, 0)]
    made = replaying(plain, messages, clients=3, span_s=30.0)
    assert (made.clients, made.per_channel, made.channel_count) == (3, 1, 3)
    assert made.warmup_s + made.duration_s == 30.0
    assert made.rate_per_s == pytest.approx(3 / 30 / 3)
    assert made.payload_bytes == 200
    assert parse_trace(made.trace).at_s.tolist() == [0.5, 3.25, 29.0]


def test_messages_without_sizes_have_the_scenario_s():
    plain = load_scenario("off-polling")
    made = replaying(plain, [(1.0, 0, 0)], clients=1, span_s=10.0)
    assert made.payload_bytes == plain.payload_bytes
