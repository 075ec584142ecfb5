"""Backplanes by the scheme of their URLs."""

import sys

import pytest

from pushlab.errors import MissingExtra, UsageError
from pushlab.hub.backplane.memory import MemoryBackplane
from pushlab.hub.backplane.registry import MEMORY, backplane_class, backplane_names


def test_memory_comes_through_the_same_door():
    assert MEMORY in backplane_names()
    assert backplane_class(MEMORY) is MemoryBackplane


def test_a_scheme_that_nobody_has_is_told_with_those_there_are():
    with pytest.raises(UsageError, match=r"unknown backplane 'memori'; did you mean memory"):
        backplane_class("memori://here")


@pytest.mark.parametrize("url", ["redis://here", "rediss://here"])
def test_a_backplane_without_its_client_names_the_extra(monkeypatch, url):
    for module in [name for name in sys.modules if name.startswith("pushlab.hub.backplane.redis")]:
        monkeypatch.delitem(sys.modules, module)
    for module in [name for name in sys.modules if name.partition(".")[0] == "redis"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(MissingExtra, match=r"pip install 'pushlab\[redis\]'"):
        backplane_class(url)
