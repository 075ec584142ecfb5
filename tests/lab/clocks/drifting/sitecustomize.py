"""Gives a process a monotonic clock of its own, by environment: shifted, and faster or slower.

Python loads it at its start wherever this folder is in PYTHONPATH, before anybody has the clock.
"""

import os
import time

_true_ns = time.monotonic_ns
_since_ns = int(os.environ["PUSHLAB_TEST_CLOCK_SINCE_NS"])
_ahead_ns = int(os.environ["PUSHLAB_TEST_CLOCK_AHEAD_NS"])
_drift_ppb = int(os.environ["PUSHLAB_TEST_CLOCK_DRIFT_PPB"])


def _monotonic_ns() -> int:
    now_ns = _true_ns()
    return now_ns + _ahead_ns + (now_ns - _since_ns) * _drift_ppb // 1_000_000_000


time.monotonic_ns = _monotonic_ns
time.monotonic = lambda: _monotonic_ns() / 1e9
