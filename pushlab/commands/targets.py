"""Which system a command means: one that is installed, or the user's own in a TOML file."""

from pathlib import Path

from pushlab.errors import UsageError
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.registry import find_system, system_names
from pushlab.systems.system import System

__all__ = ["system_of"]


def system_of(target: str) -> System:
    """What is meant. Raises UsageError, MissingExtra."""
    path = Path(target)
    if target.endswith(".toml") or path.is_file():
        scenario = load_scenario(target)
        if scenario.own is None:
            raise UsageError(f"{target} has no [system] table, which says what server to try")
        return DeclaredSystem.of(scenario.own)
    if target in system_names():
        return find_system(target)
    if ":" in target or target.startswith("localhost"):
        raise UsageError(f"{target!r} is no URL: write http://{target}")
    known = ", ".join(system_names())
    raise UsageError(
        f"{target!r} is neither a TOML file with a [system] table, nor a URL, nor an installed"
        f" system ({known})"
    )
