"""A scenario written as TOML is the same scenario when it is read again."""

import pytest

from pushlab.lab.scenario.toml_reader import builtin_scenarios, load_scenario, parse_scenario
from pushlab.lab.scenario.toml_writer import scenario_as_toml

MINE = """
title = "Umlaute \\"ä\\", a # and a [bracket]"
description = '''two
lines'''
clients = 7
channels = "rooms"
room_size = 3
tls = true
[link]
one_way_ms = 25.5
[[transport]]
name = "short-polling"
label = "im\\"patient\\" # polling"
interval_s = 0.25
[[transport]]
name = "short-polling"
interval_s = 5
[[transport]]
name = "mqtt"
qos = 0
"""


def there_and_back(scenario):
    return parse_scenario(scenario_as_toml(scenario.to_json()), "again.toml")


@pytest.mark.parametrize("name", builtin_scenarios())
def test_every_standard_scenario_comes_back(name):
    scenario = load_scenario(name)
    assert there_and_back(scenario).to_json() == scenario.to_json()
    assert there_and_back(scenario).cells == scenario.cells


def test_a_users_scenario_comes_back_labels_and_all():
    scenario = parse_scenario(MINE, "mine.toml")
    assert there_and_back(scenario).to_json() == scenario.to_json()


def test_what_a_command_line_changed_comes_back():
    scenario = load_scenario("quick").override(
        transports=["sse", "short-polling"], clients=3, rate_per_s=1e-05, poll_interval_s=0.3
    )
    assert there_and_back(scenario) == scenario


def test_labels_that_come_by_themselves_are_left_out():
    text = scenario_as_toml(load_scenario("polling-intervals").to_json())
    assert "label" not in text
    assert text.count("[[transport]]") == 5
