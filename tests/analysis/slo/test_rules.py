"""What closed forms refuse before a trial is made."""

import pytest

from pushlab.analysis.slo.objectives import parse_objective
from pushlab.analysis.slo.rules import latency_by_rule, refused_by_rule
from pushlab.contract.registry import profile_of


def refused(transport, *texts, interval_s=1.0, one_way_s=0.0):
    profile = profile_of(transport).retimed(interval_s=interval_s)
    goals = [parse_objective(text) for text in texts]
    return refused_by_rule(profile, goals, rate_per_s=1.0, one_way_s=one_way_s)


def test_polls_every_second_cannot_be_soon():
    # p95 of waits that are even between 0 and 1 s; no generator is to blame for it.
    assert (
        refused("short-polling", "p95<100ms")
        == "by polls every 1 s alone its p95 is 950 ms, whoever serves"
    )
    assert "mean is 500 ms" in refused("short-polling", "lost==0", "mean<0.4s")
    assert refused("short-polling", "p95<100ms", interval_s=0.1) == ""
    assert refused("short-polling", "p95<1s") == ""


def test_a_link_is_part_of_the_rules():
    assert "a link of 150 ms one way" in refused("sse", "p50<100ms", one_way_s=0.15)
    assert refused("sse", "p50<100ms") == ""
    assert "polls every 1 s and a link" in refused("short-polling", "p95<100ms", one_way_s=0.15)


@pytest.mark.parametrize("text", ["cpu_share<0.5", "lost==0", "max<10ms", "p95>10ms"])
def test_what_has_no_rule_is_measured(text):
    assert refused("short-polling", text) == ""


def test_a_held_poll_waits_for_nothing_but_its_gap():
    held = profile_of("long-polling").retimed(hold_s=30.0)
    assert latency_by_rule(held, "p95", rate_per_s=1.0) == pytest.approx(0.0, abs=1e-9)
    assert latency_by_rule(held, "mean", rate_per_s=1.0, one_way_s=0.1) > 0.1
