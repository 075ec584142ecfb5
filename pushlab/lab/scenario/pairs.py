"""Which transport is measured at which system: each pair that exists, and no other.

A scenario's transports, and the systems that it or the command line names, make a grid; what a
system does not speak is left out, and told.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pushlab.contract.registry import load_transport, transport_names
from pushlab.contract.setting import did_you_mean, keys_of
from pushlab.errors import ScenarioError, UsageError
from pushlab.lab.scenario.cells import Cell, on_system_words
from pushlab.systems.registry import HUB, system_names
from pushlab.systems.spec import MINE, SystemSpec

__all__ = ["Pairs", "at_systems", "cells_of", "check_options", "chosen"]


@dataclass(frozen=True, slots=True)
class Pairs:
    """What came of transports and systems.

    Attributes:
        cells: of the pairs that there are.
        left_out: those that there are not, in words: ``nchan does not speak mqtt``.
    """

    cells: tuple[Cell, ...] = ()
    left_out: tuple[str, ...] = ()

    def __add__(self, other: "Pairs") -> "Pairs":
        return Pairs(self.cells + other.cells, self.left_out + other.left_out)

    def checked(self) -> "Pairs":
        """The same. Raises ScenarioError: there is no pair at all."""
        if not self.cells:
            raise ScenarioError(f"nothing is left to measure: {'; '.join(self.left_out)}")
        return self


def at_systems(cells: Sequence[Cell], systems: Sequence[str], own: SystemSpec | None) -> Pairs:
    """Each transport of the cells at each of these systems.

    A system has its own cells of a transport, if there are any; else those of the first system that
    has some, with those of their options that it knows.

    Args:
        own: the scenario's own system, if it describes one.

    Raises:
        ScenarioError: there is no such system.
        UnknownTransport: none of them speaks it, nor does the hub.
    """
    spoken = {name: _spoken_by(name, own) for name in dict.fromkeys(_named(systems, own))}
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.transport, []).append(cell)
    found: list[Cell] = []
    left_out: list[str] = []
    for transport, group in groups.items():
        if not any(transport in names for names in spoken.values()):
            load_transport(transport)
        for name, names in spoken.items():
            if transport in names:
                found += _group_at(group, name, own)
            else:
                left_out.append(f"{name} does not speak {transport}")
    return Pairs(tuple(found), tuple(left_out))


def check_options(cell: Cell, placed: Sequence[Cell]) -> None:
    """Raises UsageError: an option of this cell got lost at all systems where it was placed."""
    for key in cell.options:
        if placed and not any(key in one.options for one in placed):
            known = ", ".join(keys_of(placed[0].make().Options, all_fields=True)) or "none"
            told = f"{cell.transport} of {placed[0].system} has no option {key!r}; its options"
            raise UsageError(f"{told}: {known}")


def chosen(
    cells: Sequence[Cell],
    transports: Sequence[str] | None,
    systems: Sequence[str] | None,
    own: SystemSpec | None,
) -> tuple[tuple[Cell, ...], tuple[str, ...]]:
    """What a command line chooses of a scenario's cells, and what is left out, in words.

    Args:
        transports: names or labels; one that no cell has is added at `systems`, or where the others
            are.
        systems: at which each is measured; None: where it is.

    Raises:
        ScenarioError: there is no such system, or no pair is left.
        UnknownTransport: a transport is not installed.
    """
    at = systems or list(dict.fromkeys(cell.system for cell in cells)) or [HUB]
    found = Pairs(tuple(cells) if transports is None else ())
    if transports is not None and not transports:
        raise ScenarioError("--transports names no transport")
    try:
        for name in transports or ():
            named = tuple(cell for cell in cells if name in (cell.transport, cell.label))
            found += Pairs(named) if named else at_systems([Cell("", name, system="")], at, own)
        if systems is not None:
            placed = at_systems(found.cells, systems, own)
            found = Pairs(placed.cells, (*found.left_out, *placed.left_out))
        return found.checked().cells, tuple(dict.fromkeys(found.left_out))
    except ScenarioError as error:
        raise ScenarioError(
            f"--{'transports' if systems is None else 'systems'}: {error}"
        ) from error


def cells_of(systems: Sequence[str], own: SystemSpec | None) -> list[Cell]:
    """A cell for each transport that one of the systems speaks, but for those of the hub alone.

    Raises:
        ScenarioError: there is no such system.
    """
    others = [system for system in _named(systems, own) if system != HUB]
    spoken = [name for system in others for name in _spoken_by(system, own)]
    known = [name for name in transport_names() if name in spoken]
    return [Cell("", name) for name in dict.fromkeys([*known, *spoken])]


def _named(systems: Sequence[str], own: SystemSpec | None) -> list[str]:
    """The systems by their names; the scenario's own may be called ``mine``, too."""
    return [own.name if own is not None and name == MINE else name for name in systems]


def _spoken_by(system: str, own: SystemSpec | None) -> Sequence[str]:
    if system == HUB:
        return transport_names()
    known = [*system_names(), *([own.name] if own else [])]
    if system not in known:
        hint = did_you_mean(system, known)
        raise ScenarioError(f"unknown system {system!r}{hint} (known: {', '.join(known)})")
    return _placed(Cell("", ""), system, own).served_by.speaks


def _placed(cell: Cell, system: str, own: SystemSpec | None) -> Cell:
    """The cell at another system, as it is."""
    is_own = own is not None and own.name == system
    return dataclasses.replace(cell, system=system, own=own if is_own else None)


def _group_at(group: Sequence[Cell], system: str, own: SystemSpec | None) -> Iterable[Cell]:
    """Cells of one transport at a system."""
    if here := [cell for cell in group if cell.system == system]:
        return [_placed(cell, system, own) for cell in here]
    return [_at(cell, system, own) for cell in group if cell.system == group[0].system]


def _at(cell: Cell, system: str, own: SystemSpec | None) -> Cell:
    """A cell of another system at this one."""
    bare = dataclasses.replace(_placed(cell, system, own), options={})
    known = keys_of(bare.make().Options, all_fields=True)
    options = {key: value for key, value in cell.options.items() if key in known}
    label = cell.label.removesuffix(on_system_words(cell.system))
    label = f"{label}{on_system_words(system)}" if label else ""
    return dataclasses.replace(bare, options=options, label=label)
