"""Verifies the servers of other makes that a run measures, so that its figures can be read."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from pushlab.errors import PushlabError
from pushlab.lab.scenario.cells import Cell
from pushlab.lab.trial.events import SystemVerified
from pushlab.lab.verify.findings import ClauseSeen
from pushlab.lab.verify.verify import verify_system
from pushlab.quantities import listed
from pushlab.systems.manners import masked
from pushlab.systems.registry import HUB
from pushlab.systems.system import System

__all__ = ["CLAUSES_BEFORE_RUN", "verify_cells"]

#: What says how figures are to be read, and takes a few seconds for each transport.
CLAUSES_BEFORE_RUN = ("delivery", "order", "once", "fan-out", "resume")


async def verify_cells(
    cells: Sequence[Cell], tell: Callable[[SystemVerified], None]
) -> dict[str, dict[str, dict[str, str]]]:
    """Verify each cell of a system that is not the hub, whose contract has tests of its own.

    What cannot be tried is said to be so: a server that does not start fails its trials, and does
    not end the run.

    Returns:
        by the cell's label, by the clause's name: ``verdict``, and what was ``said``.
    """
    found: dict[str, dict[str, dict[str, str]]] = {}
    for group in _groups(cells):
        system = next(iter(group.values())).served_by
        for label, seen in (await _verified(system, group)).items():
            found[label] = {
                name: {"verdict": each.verdict, "said": masked(each.said, system)}
                for name, each in seen.items()
            }
        for event in _lines(group, found):
            tell(event)
    return found


def _groups(cells: Sequence[Cell]) -> Iterator[dict[str, Cell]]:
    """Cells that one start of a system serves: of each transport one, by its name."""
    groups: dict[str, list[dict[str, Cell]]] = {}
    for cell in cells:
        if cell.system != HUB:
            of_system = groups.setdefault(cell.system, [])
            free = (group for group in of_system if cell.transport not in group)
            group = next(free, None)
            if group is None:
                of_system.append(group := {})
            group[cell.transport] = cell
    for of_system in groups.values():
        yield from of_system


async def _verified(
    system: System, group: Mapping[str, Cell]
) -> Mapping[str, Mapping[str, ClauseSeen]]:
    """What was seen, by label and clause."""
    options = {
        name: {key: value for key, value in cell.options.items() if key != "interval_s"}
        for name, cell in group.items()
    }
    try:
        verified = await verify_system(
            system, list(group), clauses=CLAUSES_BEFORE_RUN, options=options
        )
    except (PushlabError, OSError) as error:
        lacking = ClauseSeen("not tried", str(error))
        return {cell.label: dict.fromkeys(CLAUSES_BEFORE_RUN, lacking) for cell in group.values()}
    return {cell.label: verified.seen[name] for name, cell in group.items()}


def _lines(
    group: Mapping[str, Cell], found: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> Iterator[SystemVerified]:
    """What to tell of these cells: all that is not as it should be."""
    whole = True
    for cell in group.values():
        for name, seen in found[cell.label].items():
            if seen["verdict"] in ("breaks", "not tried"):
                whole = False
                told = f"{cell.label}: {name}: {seen['verdict']}: {seen['said']}"
                yield SystemVerified(told, breaks=True)
                if seen["verdict"] == "not tried":
                    break  # the rest was not tried for the same reason
    if whole:
        system = next(iter(group.values())).system
        kept = listed(CLAUSES_BEFORE_RUN)
        yield SystemVerified(f"{system}: {kept} hold over {listed(list(group))}")
