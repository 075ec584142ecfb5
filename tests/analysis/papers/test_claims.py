"""Reproductions: their files, their arithmetic, and checks that can fail."""

import dataclasses

import pytest

from pushlab.analysis import analyse
from pushlab.analysis.papers.claims import judge
from pushlab.analysis.papers.expressions import Missing, evaluate
from pushlab.analysis.papers.reproductions import builtin_reproductions, load_reproduction
from pushlab.errors import UsageError
from pushlab.lab.scenario.toml_reader import parse_scenario
from pushlab.runs import Run
from tests.runs.simulated import STANDARD, simulate

FILE = """
title = "A test"
source = "nobody"

[given]
way_s = 2

[[claim]]
says = "one"
status = "{status}"
published = 3.0
predicted = "way_s + 1"
measured = '{measured}'
holds = "{holds}"
check = "{check}"
"""


def written(tmp_path, *, status="V1", measured="", holds="predicted == 3", check="exact", **more):
    file = tmp_path / "mine.toml"
    text = FILE.format(status=status, measured=measured, holds=holds, check=check)
    file.write_text(more.get("text", text))
    return str(file)


@pytest.mark.parametrize("name", builtin_reproductions())
def test_what_comes_with_pushlab_can_be_read_and_run(name):
    found = load_reproduction(name)
    assert any(claim.holds for claim in found.claim)
    assert not any(claim.holds for claim in found.claim if claim.status == "MEM")
    assert len({claim.says for claim in found.claim}) == len(found.claim)
    if found.scenario is None:
        assert all(outcome.passed is not False for outcome in judge(found))
        return
    scenario = parse_scenario(found.scenario, name)
    seconds = sum(scenario.warmup_s + scenario.duration_s for _ in scenario.cells)
    assert scenario.name == name
    assert scenario.trials * seconds < 60


@pytest.mark.parametrize("name", builtin_reproductions())
def test_arithmetic_alone_holds_and_measured_claims_do_not_without_a_run(name):
    found = load_reproduction(name)
    plain = dataclasses.replace(found, claim=[c for c in found.claim if not c.measured])
    assert all(outcome.passed in (True, None) for outcome in judge(plain))


def test_a_run_is_held_against_its_claims(tmp_path):
    run = Run.load(simulate(tmp_path / "run", *STANDARD[:1]))
    found_in = analyse(run)

    def outcome(measured, holds):
        file = written(tmp_path, measured=measured, holds=holds)
        (found,) = judge(load_reproduction(file), found_in)
        return found

    hits = 'cell("short-polling", "hits_per_s")'
    assert outcome(hits, "measured == 100 and predicted <= published").passed
    assert outcome(hits, "measured < 100").passed is False
    assert outcome('cell("short-polling", "latency_s.mean")', "0.4 < measured < 0.6").passed
    assert outcome('cell("short-polling", "wasted")', "measured > 0").measured < 1
    with pytest.raises(UsageError, match="no such transport"):
        outcome('cell("pigeon", "hits_per_s")', "measured > 0")
    with pytest.raises(UsageError, match="no figure"):
        outcome('cell("short-polling", "beauty")', "measured > 0")


def test_what_was_not_measured_has_not_passed(tmp_path):
    run = Run.load(simulate(tmp_path / "run", dataclasses.replace(STANDARD[0], fail="no port")))
    found_in = analyse(run)
    file = written(tmp_path, measured='cell("short-polling", "hits_per_s")', holds="measured > 0")
    (found,) = judge(load_reproduction(file), found_in)
    assert found.passed is False
    assert "not measured" in found.missing


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ({"status": "MEM"}, "never checked"),
        ({"status": "V9"}, "V9"),
        ({"check": ""}, "go together"),
        ({"text": "title = 1"}, "title"),
        ({"text": 'title = "x"\nsource = "y"\n[[claim]]\nsays = "z"'}, "status"),
        (
            {"text": 'title = "x"\nsource = "y"\n[[claim]]\nsays = "z"\nstatus = "V1"\nwhy = 1'},
            "why",
        ),
        ({"text": "title ="}, "not TOML"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path, bad, word):
    with pytest.raises(UsageError, match=word) as error:
        load_reproduction(written(tmp_path, **bad))
    assert "\n" not in str(error.value)


def test_an_unknown_name():
    with pytest.raises(UsageError, match="rfc6202"):
        load_reproduction("no-such-paper")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * -x", -5.0),
        ("1 < x < 4 and 2 >= 2", True),
        ("f(2, y=x) / 2", 2.5),
        ("x == 3", True),
    ],
)
def test_expressions(text, value):
    assert evaluate(text, {"x": 3.0}, {"f": lambda a, y: a + y}) == value


@pytest.mark.parametrize(
    "text",
    ["x.real", "x[0]", "open('y')", "unknown", "1 +", "lambda: 1", "[1]", "x if x else 1", "1 / 0"],
)
def test_nothing_else_is_an_expression(text):
    with pytest.raises(UsageError):
        evaluate(text, {"x": 3.0}, {})


def test_a_figure_that_is_missing():
    with pytest.raises(Missing, match="x"):
        evaluate("x + 1", {"x": None}, {})


def test_nicholas_figures_are_those_of_the_paper():
    published = {
        claim.says: claim.published for claim in load_reproduction("nicholas-2012-idle").claim
    }
    assert published["3G, MQTT: 60 s over 120 s"] == pytest.approx(0.72465 / 0.32041, abs=6e-4)
    assert published["Wi-Fi, MQTT: 240 s over 480 s"] == pytest.approx(0.0023 / 0.00112, abs=6e-4)
