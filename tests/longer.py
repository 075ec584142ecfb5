"""Which of a test's cases are tried each time, and which by `make soak` alone."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

__all__ = ["mostly_soak"]


def mostly_soak(cases: Iterable[Any], each_time: Callable[[Any], bool]) -> list[Any]:
    """The cases of a parametrised test; those that are not tried each time are soak's."""
    return [one if each_time(one) else pytest.param(one, marks=pytest.mark.soak) for one in cases]
