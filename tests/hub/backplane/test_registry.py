"""Backplanes by the scheme of their URLs."""

import pytest

from pushlab.errors import UsageError
from pushlab.hub.backplane.memory import MemoryBackplane
from pushlab.hub.backplane.registry import MEMORY, backplane_class, backplane_names


def test_memory_comes_through_the_same_door():
    assert MEMORY in backplane_names()
    assert backplane_class(MEMORY) is MemoryBackplane


def test_a_scheme_that_nobody_has_is_told_with_those_there_are():
    with pytest.raises(UsageError, match=r"unknown backplane 'memori'; did you mean memory"):
        backplane_class("memori://here")
