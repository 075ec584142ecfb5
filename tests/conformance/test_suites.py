"""Suites of `make conformance` that need neither network nor process hold; and how they tell."""

import json
from collections.abc import AsyncIterator

import pytest

from conformance.event_stream.suite import our_verdicts
from conformance.http.shapes import SHAPES
from conformance.model import Suite, Tell, Verdict
from conformance.mqtt.suite import standard_verdicts
from conformance.report import Outcome, Report
from conformance.websocket.cases import CASES
from conformance.websocket.suite import client_verdicts


@pytest.mark.parametrize("verdicts", [our_verdicts, standard_verdicts, client_verdicts])
def test_nothing_is_worse_than_expected(verdicts):
    found = list(verdicts())
    assert len(found) > 50
    assert not [verdict for verdict in found if verdict.worse]


@pytest.mark.parametrize(
    "names",
    [[(s.group, s.name) for s in SHAPES], [(c.group, c.name) for c in CASES]],
    ids=["http", "websocket"],
)
def test_each_case_has_a_name_of_its_own(names):
    assert len(names) > 80
    assert len(set(names)) == len(names)


class _Told(Suite):
    name = "told"
    title = "Told"
    about = "Nothing."

    async def run(self, tell: Tell) -> AsyncIterator[Verdict]:
        yield Verdict(case="a", right=True)


def test_a_result_says_what_is_wrong_known_and_not_run(tmp_path):
    outcome = Outcome(_Told())
    outcome.verdicts = [
        Verdict(case="good", wanted="1", seen="1", right=True),
        Verdict(case="let stand", wanted="1", seen="2", right=False, known="an old | fault"),
        Verdict(case="nowhere", seen="no such program", right=None),
    ]
    assert not outcome.worse
    outcome.verdicts.append(Verdict(case="bad", wanted="1", seen="3", right=False))
    assert outcome.worse
    assert outcome.counts() == [1, 1, 1, 1]
    report = Report(tmp_path / "result")
    report.add(outcome)
    (suite,) = json.loads((tmp_path / "result" / "result.json").read_text())["suites"]
    assert [case["verdict"] for case in suite["cases"]] == ["right", "known", "not run", "WRONG"]
    page = (tmp_path / "result" / "README.md").read_text()
    assert "| bad | 1 | 3 | WRONG |" in page
    assert "known: an old \\| fault" in page
    assert "no such program" in page
    assert "| good |" not in page
