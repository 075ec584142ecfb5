"""A run's cells by transport and server: what stands side by side in tables, charts and titles."""

from collections.abc import Mapping
from dataclasses import dataclass

from pushlab.analysis.summary.model import CellSummary
from pushlab.quantities import listed
from pushlab.runs.records import HUB

__all__ = ["BySystem", "by_system", "named", "plain_label"]


@dataclass(frozen=True, slots=True)
class BySystem:
    """The cells of a run, without the harness's floor.

    Attributes:
        systems: the servers' names, in the order of the run, with their titles; others are held
            against the first.
        settings: by setting (a transport with its options), its cell at each server; in a run of
            one server each cell is a setting.
    """

    systems: Mapping[str, str]
    settings: Mapping[str, Mapping[str, str]]

    @property
    def several(self) -> bool:
        """Whether there are several servers."""
        return len(self.systems) > 1

    @property
    def cells(self) -> list[str]:
        """All cells, those of one setting side by side."""
        return [
            cells[system]
            for cells in self.settings.values()
            for system in self.systems
            if system in cells
        ]

    @property
    def first(self) -> str:
        """The first server's name; empty without one."""
        return next(iter(self.systems), "")

    def named(self, *systems: str) -> str:
        """Servers in a sentence: ``the hub, nchan and FastAPI``; all of them for none."""
        return listed([named(one, self.systems[one]) for one in systems or self.systems])

    def of(self, system: str) -> list[str]:
        """The cells of one server."""
        return [cells[system] for cells in self.settings.values() if system in cells]


def by_system(cells: Mapping[str, CellSummary]) -> BySystem:
    """The cells of a run by what they are alike in."""
    rivals = {label: cell for label, cell in cells.items() if not cell.floor}
    systems = {cell.system: cell.server for cell in rivals.values()}
    settings: dict[str, dict[str, str]] = {}
    for label, cell in rivals.items():
        fitting = (
            name
            for name, there in settings.items()
            if cell.system not in there
            and all(rivals[other].is_like(cell) for other in there.values())
        )
        own = plain_label(label, cell.system)
        settings.setdefault(next(fitting, own if own not in settings else label), {})[
            cell.system
        ] = label
    return BySystem(systems, settings)


def plain_label(label: str, system: str) -> str:
    """The label of a setting, whichever server it is at: ``sse`` of ``sse on nchan``."""
    return label.replace(f" on {system}", "", 1)


def named(system: str, title: str = "") -> str:
    """A server in a sentence: ``the hub``, or its title."""
    return f"the {HUB}" if system == HUB else title or system
