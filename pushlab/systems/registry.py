"""The registry of systems: those that come with pushlab and anybody's plug-in stand in it alike."""

from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from pushlab.contract.setting import did_you_mean
from pushlab.errors import MissingExtra, UsageError
from pushlab.runs.records import HUB

if TYPE_CHECKING:
    from pushlab.systems.system import System

__all__ = ["GROUP", "HUB", "find_system", "system_names"]

GROUP = "pushlab.systems"


@cache
def system_names() -> tuple[str, ...]:
    """The names of the systems that are installed, pushlab's own hub first."""
    found = {entry.name for entry in entry_points(group=GROUP)}
    return tuple(sorted(found, key=lambda name: (name != HUB, name)))


@cache
def find_system(name: str) -> "System":
    """The system of that name.

    Raises:
        UsageError: none is installed under that name, or what its entry point names is no system.
        MissingExtra: a package that it needs is not installed.
    """
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            break
    else:
        known = ", ".join(system_names())
        hint = did_you_mean(name, list(system_names()))
        raise UsageError(f"unknown system {name!r}{hint} (known: {known})")
    try:
        loaded = entry.load()
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"system {name!r} needs the module {error.name!r}, which is not installed; try: pip"
            f" install {error.name}"
        ) from error
    except (ImportError, AttributeError) as error:
        raise UsageError(f"system {name!r} cannot be loaded ({entry.value}): {error}") from error
    from pushlab.systems.system import System

    if not (isinstance(loaded, type) and issubclass(loaded, System)):
        raise UsageError(f"system {name!r}: {entry.value} is not a System class")
    return loaded()
