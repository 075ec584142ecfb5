"""A recorded trace is sent at its own times, in every repetition, and comes back from a run."""

import dataclasses

import pytest

from pushlab.errors import ScenarioError
from pushlab.lab.scenario.cells import make_cells
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.rule_broken import RuleBroken
from pushlab.lab.scenario.toml_reader import parse_scenario
from pushlab.lab.scenario.toml_writer import scenario_as_toml
from pushlab.lab.scenario.trace import parse_trace, trace_text
from pushlab.lab.trial.plan import TrialPlan, floor_plan

MESSAGES = [(0.25, 1, 120), (0.25, 0, 0), (1.5, 2, 30_000), (2.999001, 1, 1)]


def traced(**changes):
    cells = make_cells([_cell("sse")], 1.0)
    values = {
        "clients": 3,
        "channels": "per-client",
        "arrivals": "trace",
        "trace": trace_text(MESSAGES),
        "rate_per_s": 4 / 3 / 3,
        "warmup_s": 1.0,
        "duration_s": 2.0,
        "cells": cells,
    }
    return Scenario(name="mine", **{**values, **changes})


def _cell(name):
    from pushlab.lab.scenario.cells import Cell

    return Cell("", name)


def told(trace):
    columns = (trace.at_s, trace.channel, trace.payload_bytes)
    return list(zip(*(each.tolist() for each in columns), strict=True))


def test_a_trace_is_text_and_back():
    assert told(parse_trace(trace_text(MESSAGES))) == sorted(MESSAGES)


@pytest.mark.parametrize(
    "line",
    [
        "x 1",
        "1",
        "-1 0",
        "nan 0",
        "inf 0",
        "1 -1",
        "1 1.5",
        "1 ²",
        "1 1 0",
        "1 1 40000",
        "1 1 1 1",
        "1 9999999999",
    ],
)
def test_a_line_that_is_none_is_named(line):
    with pytest.raises(ValueError, match="line 2 must be"):
        parse_trace(f"0.5 0\n{line}\n")


@pytest.mark.parametrize("repetition", [0, 1])
def test_every_repetition_sends_at_its_times(repetition):
    scenario = traced()
    schedule = TrialPlan(scenario, scenario.cells[0], 0, repetition).schedule()
    columns = (schedule.offset_ns, schedule.channel, schedule.payload_bytes)
    sent = list(zip(*(each.tolist() for each in columns), strict=True))
    assert sent == [
        (round(at_s * 1e9), channel, size or scenario.payload_bytes)
        for at_s, channel, size in sorted(MESSAGES)
    ]
    assert schedule.warmup.sum() == 2


def test_the_floor_is_measured_without_it():
    scenario = traced()
    assert floor_plan(scenario, scenario.cells[0], 0, 0).schedule().end_ns < 1e9


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"arrivals": "poisson"}, "trace: a trace is used with"),
        ({"trace": ""}, "arrivals: a trace is used with"),
        ({"trace": "zero 0"}, "trace: line 1"),
        ({"trace": "\n"}, "trace: has no message"),
        ({"duration_s": 1.0, "rate_per_s": 2 / 3}, "2.999001 s is beyond"),
        ({"clients": 2, "rate_per_s": 2 / 3}, "no channel 2; the last one's number is 1"),
        ({"rate_per_s": 1.0}, "rate_per_s: the trace's own is 0.444444"),
    ],
)
def test_what_does_not_go_with_a_trace_is_told(changes, words):
    with pytest.raises(RuleBroken) as refused:
        traced(**changes)
    assert words in str(refused.value)


def test_a_run_gives_the_trace_back_as_a_file():
    scenario = traced()
    again = parse_scenario(scenario_as_toml(scenario.to_json()), "again.toml")
    assert again.trace == scenario.trace
    assert dataclasses.replace(again, hub=scenario.hub) == scenario


def test_the_largest_messages_are_retained():
    assert traced().hub_settings.retain_bytes >= len(MESSAGES) * 30_000


def test_another_rate_on_the_command_line_is_refused():
    with pytest.raises(ScenarioError, match="--rate: the trace's own"):
        traced().override(rate_per_s=5.0)
