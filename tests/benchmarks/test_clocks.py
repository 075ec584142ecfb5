"""The benchmark of clocks runs, and says what it found of a shift that it knows."""

import subprocess
import sys

import pytest

from tests.lab.clocks.places import why_no_shift
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.skipif(bool(why_no_shift()), reason=why_no_shift() or "it can")


def test_it_says_how_well_a_clock_is_known() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.clocks", "--exchanges", "60"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert made.returncode in (0, 1), made.stderr  # 1: a slow machine misses the goal
    assert made.stdout.count("the true shift lies in 60 of 60 spans") == 2, made.stdout
    assert made.stdout.count("bound of the estimate") == 2
