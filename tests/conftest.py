"""What every test shares: hypothesis without time limits and without files of its own, and how
many tests run at once."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "pushlab",
    deadline=None,  # a slow machine is not a failing test
    database=None,  # parallel workers share no files
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("pushlab")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core: many tests wait for a lease, a process or a clock, and need no core."""
    return 2 * (os.cpu_count() or 1)
