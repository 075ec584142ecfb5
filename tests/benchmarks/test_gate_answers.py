"""What `pushlab diff` tells in simulated runs, and the dearer hub of `benchmarks.gate`."""

import pytest

from benchmarks.gate.answers import answers
from benchmarks.gate.variants import make_variant


def test_a_slowdown_is_found_where_one_figure_is_asked_about():
    found, _, false = answers(0.03, 3, 1, runs=40)
    assert found >= 0.9
    assert false <= 0.1


def test_no_answer_is_false_more_often_than_promised():
    found, same, false = answers(0.10, 3, 8, runs=40)
    assert false <= 0.15  # 5 % are allowed: that 7 of 40 come by chance has a chance of 0.3 %
    assert found + same < 1.0  # most is not known, and nothing is guessed


@pytest.mark.soak
@pytest.mark.parametrize("figures", [1, 5, 40])
@pytest.mark.parametrize("spread", [0.03, 0.10])
def test_no_answer_is_false_more_often_than_promised_in_many_runs(spread, figures):
    for trials in (3, 5, 10):
        _, _, false = answers(spread, trials, figures, runs=500)
        assert false <= 0.08  # 5 %, and three standard errors


def test_the_dearer_hub_burns_what_it_is_told(tmp_path):
    place = make_variant(tmp_path / "dearer", dearer_ns=321)
    text = (place / "pushlab/hub/channel.py").read_text()
    assert "321 * len(self.feeds)" in text
    compile(text, "channel.py", "exec")
    assert (place / "measure.py").exists()
    assert (place / "gate.toml").exists()
