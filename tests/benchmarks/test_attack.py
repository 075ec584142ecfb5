"""The attack's bounds: what breaks them, and that a small one runs to its end."""

import math
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.attack.attacks import ATTACKS
from benchmarks.attack.crowd import Phase
from benchmarks.attack.report import Found, percentile
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
MIB = 1024 * 1024


def phase(*milliseconds: float, owed: int | None = None, refused: int = 0) -> Phase:
    latencies_ns = [int(each * 1e6) for each in milliseconds]
    return Phase(latencies_ns, owed=len(latencies_ns) if owed is None else owed, refused=refused)


def found(attacked: Phase, *, quiet: Phase | None = None, grown_bytes: int = 0) -> Found:
    quiet = quiet or phase(2, 2, 2)
    return Found("", [quiet] * 3, [attacked] * 3, Counter(), Counter(), 0, 0, grown_bytes)


def broken(one: Found) -> list[str]:
    return one.broken({"one": one})


def test_a_percentile_is_a_value_that_was_seen() -> None:
    assert [percentile(range(1, 101), share) for share in (0.5, 0.99, 1)] == [50, 99, 100]
    assert percentile([7], 0.99) == 7
    assert math.isnan(percentile([], 0.99))


def test_what_keeps_every_bound_is_not_broken() -> None:
    assert broken(found(phase(3.9, 3.9, 3.9), grown_bytes=50 * MIB)) == []


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (found(phase(4, 4, 4)), "2.00 times the quiet one"),
        (found(phase(owed=0)), "nan times"),
        (found(phase(2, 2, 2, owed=4)), "3 messages lost"),
        (found(phase(2, 2, 2), quiet=phase(2, 2, owed=3)), "3 messages lost, 0 refused before"),
        (found(phase(2, 2, 2, refused=1)), "3 refused during"),
        (found(phase(2, 2, 2), grown_bytes=51 * MIB), "grew by 51 MiB"),
    ],
)
def test_each_bound_can_be_broken(one: Found, words: str) -> None:
    (line,) = broken(one)
    assert words in line


def test_one_stretch_with_a_hiccup_is_none_of_the_attacks() -> None:
    one = found(phase(2, 2, 2))
    one.attacked[1] = phase(2, 2, 999)
    assert broken(one) == []


def test_every_attack_has_words() -> None:
    assert len(ATTACKS) >= 13
    assert all(attack.words for attack in ATTACKS.values())


@pytest.mark.soak
def test_a_small_one_runs_and_tells_what_was_answered(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.attack", "--readers", "30", "--seconds", "1"]
    command += ["--rounds", "1", "--only", "heads,bad-joins", "--out", str(tmp_path)]
    ran = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, env=dict(os.environ)
    )
    assert ran.returncode in (0, 1), ran.stderr  # this machine may be busy
    said = (tmp_path / "ATTACK.md").read_text()
    assert "431" in said
    assert "401" in said
    assert " 0 of " in said
