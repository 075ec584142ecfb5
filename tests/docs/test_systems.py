"""docs/systems.md names the systems that come with pushlab, and what each speaks."""

import re
from importlib.metadata import entry_points
from pathlib import Path

from pushlab.contract.registry import load_transport
from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.registry import HUB, find_system

PAGE = (Path(__file__).parents[2] / "docs" / "systems.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([\w-]+)` \| [^|]+ \| ([^|]+) \|", re.M)


def told() -> dict[str, set[str]]:
    """By system, its transports in lower case."""
    return {name: set(spoken.strip().lower().split(", ")) for name, spoken in ROW.findall(PAGE)}


def ours() -> list[str]:
    found = entry_points(group="pushlab.systems")
    return [each.name for each in found if each.value.startswith("pushlab.")]


def test_each_has_a_row():
    assert not set(ours()) - set(told())


def test_a_row_names_the_transports_that_it_speaks():
    for name in set(ours()) - {HUB}:
        system = find_system(name)
        assert isinstance(system, DeclaredSystem)
        titles = {system.profile(each).title.lower() for each in system.speaks}
        assert told()[name] == titles, name


def test_the_hub_speaks_all_that_pushlab_does():
    assert told()[HUB] == {"all"}
    assert load_transport("sse")
