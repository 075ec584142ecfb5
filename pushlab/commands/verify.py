"""`pushlab verify`: what a server promises and keeps, clause by clause over each transport."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from pushlab.commands.probe_terminal import write_lines
from pushlab.commands.probe_words import Line, Mark
from pushlab.commands.targets import system_of
from pushlab.commands.terminal import json_text
from pushlab.errors import SetupError, UsageError
from pushlab.lab.verify.findings import ClauseSeen, Verdict, Verified
from pushlab.lab.verify.verify import (
    CLAUSES,
    check_clauses,
    required_of,
    verify_system,
)
from pushlab.quantities import counted
from pushlab.systems.manners import check_environment, check_may_load, masked
from pushlab.systems.system import System
from pushlab.tables.model import Cell, Column, Row, Table
from pushlab.tables.terminal import print_table, say

__all__ = ["verify"]

_SIGNS: Mapping[Verdict, Mark] = {"holds": "good", "breaks": "change", "not tried": "unknown"}
_SHORT: Mapping[Verdict, str] = {
    "holds": "holds",
    "breaks": "breaks",
    "does not apply": "-",
    "not tried": "?",
}


def verify(
    target: str,
    *,
    transports: Sequence[str] = (),
    clauses: Sequence[str] = (),
    required: Sequence[str] | None = None,
    may_load: Sequence[str] = (),
    settings: Sequence[tuple[str, Any]] = (),
    as_json: bool = False,
    as_markdown: bool = False,
) -> int:
    """Verify a system; the exit status.

    It is 0 unless a clause breaks, or cannot be tried, that must hold.

    Args:
        target: the name of a system that is installed, or a TOML file with a [system] table.
        transports, clauses: those to try; empty: all.
        required: clauses that must hold; None: those that the system declares.
        may_load: hosts other than this one that may be loaded.
        settings: options of the transports, by name.

    Raises:
        UsageError: it is none of these, or what it declares is wrong.
        SetupError: the server does not start.
    """
    system = system_of(target)
    for name in transports:
        system.check_speaks(name)
    check_clauses([*clauses, *(required or ())])
    check_environment([system])
    check_may_load([system], may_load)
    if lacking := system.missing():
        raise SetupError(f"{system.name}: {lacking}")
    names = list(transports or system.speaks)
    for name in names:
        system.transport(name, dict(settings))  # wrong options are told before it is started
    if not names:
        raise UsageError(f"{target} declares no transport, such as [system.sse]")
    console = Console(stderr=as_json or as_markdown, highlight=False, emoji=False)
    screen = _Screen(console, system, required)
    found = asyncio.run(
        verify_system(
            system,
            names,
            clauses=clauses,
            required=required,
            options={name: dict(settings) for name in names},
            tried=screen.tried,
        )
    )
    if as_json:
        print(masked(json_text(found.to_json() | {"broken": found.broken}), system))
    elif as_markdown:
        said = [f"--set {name}={json.dumps(value)}" for name, value in settings]
        print(masked(_markdown(found, " ".join([target, *said])), system))
    screen.end(found)
    return int(bool(found.broken))


class _Screen:
    """Tells what is found as it is found."""

    def __init__(self, console: Console, system: System, required: Sequence[str] | None) -> None:
        self._console = console
        self._system = system
        self._required = required
        self._transport = ""
        version = system.version()
        of = f" ({version})" if version else ""
        say(console, f"verifying {system.name}{of}", "bold")

    def tried(self, transport: str, name: str, seen: ClauseSeen) -> None:
        """A clause was tried over a transport."""
        if transport != self._transport:
            self._transport = transport
            self._console.print()
            self._console.print(Text(transport, style="bold"))
        wants = self._required or required_of(self._system, transport)
        mark: Mark = _SIGNS.get(seen.verdict, "note")
        if name in wants and seen.verdict in ("breaks", "not tried"):
            mark = "bad"
        verdict = "" if seen.verdict == "holds" else f"{seen.verdict}: "
        told = masked(f"{name}: {verdict}{seen.said}", self._system)
        write_lines(self._console, [Line(mark, told)])

    def end(self, found: Verified) -> None:
        """The table, and what had to hold and does not."""
        self._console.print()
        print_table(self._console, _table(found))
        self._console.print()
        if found.broken:
            told = ", ".join(f"{name} ({transport})" for transport, name in found.broken)
            say(self._console, f"Must hold, and does not: {told}.", "bold red")
            return
        wants = sorted({name for names in found.required.values() for name in names})
        count = counted(sum(map(len, found.required.values())), "clause")
        if wants:
            say(self._console, f"What must hold does: {count} ({', '.join(wants)}).")


def _table(found: Verified) -> Table:
    tried = [
        clause for clause in CLAUSES if any(clause.name in seen for seen in found.seen.values())
    ]
    rows = []
    for clause in tried:
        cells = []
        for transport, seen in found.seen.items():
            verdict = seen[clause.name].verdict
            must = (transport, clause.name) in found.broken
            cells.append(Cell(_SHORT[verdict].upper() if must else _SHORT[verdict], bad=must))
        rows.append(Row([clause.name], cells))
    return Table(
        [Column("clause", text=True)], [Column(name, text=True) for name in found.seen], rows
    )


def _markdown(found: Verified, target: str) -> str:
    """A section for a document: clauses below transports, each with what was seen."""
    names = list(found.seen)
    of = f", {found.version}" if found.version else ""
    lines = [
        f"`pushlab verify {target}`{of}",
        "",
        f"| clause | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
    ]
    for clause in CLAUSES:
        seen = [found.seen[name].get(clause.name) for name in names]
        if any(seen):
            cells = [_markdown_cell(each) for each in seen if each is not None]
            lines.append(f"| {clause.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _markdown_cell(seen: ClauseSeen) -> str:
    if seen.verdict == "does not apply":
        return "-"
    verdict = "**breaks**" if seen.verdict == "breaks" else seen.verdict
    return f"{verdict}: {seen.said}".replace("|", "\\|")
