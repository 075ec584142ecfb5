"""What a probe shows while it goes on, and in the end: lines, a table of verdicts, advice."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from pushlab.commands.probe_verdicts import Verdict
from pushlab.commands.probe_words import Line, Mark, lines_of, publish_lines, silence_line
from pushlab.lab.probe.findings import Found, ProbeResult, PublishSeen
from pushlab.lab.probe.trying import ProbeSettings
from pushlab.systems.manners import masked
from pushlab.systems.system import System
from pushlab.tables.layout import wrapped
from pushlab.tables.model import Cell, Column, Row, Table
from pushlab.tables.terminal import is_live, print_table

__all__ = ["Screen", "write_lines"]

_SIGNS: Mapping[Mark, tuple[str, str]] = {
    "good": ("+", "green"),
    "note": ("-", "dim"),
    "change": ("~", "yellow"),
    "bad": ("!", "bold red"),
    "unknown": ("?", "dim"),
}
_WORDS: Mapping[Mark, str] = {"bad": "bold"}
_COLUMNS = (
    ("delivers", "delivers"),
    ("resumes", "resumes"),
    ("keep_alive", "keep-alive"),
    ("buffered", "buffered"),
)


class Screen:
    """Tells what is found as it is found; none of the system's secrets."""

    def __init__(
        self,
        console: Console,
        system: System,
        settings: ProbeSettings,
    ) -> None:
        self._console = console
        self._settings = settings
        self._system = system
        self._published: PublishSeen | None = None
        self._head(f"probing {system.name}: {', '.join(system.speaks)}")
        if not settings.publish:
            self._lines([Line("note", "reading only: --publish lets the probe publish there, too")])

    def tried(self, found: Found, published: PublishSeen | None) -> None:
        """A transport was tried."""
        if published is not None and published != self._published:
            self._head("publishing")
            self._lines(list(publish_lines(published)))
            self._published = published
        self._head(f"{found.transport}  {found.path}".rstrip())
        self._lines(lines_of(found, published))

    def listening(self, seconds: float) -> None:
        """The silence begins."""
        self._head(f"listening for {seconds:g} s, while nothing is published ...")

    def end(self, result: ProbeResult, verdicts: Sequence[Verdict]) -> None:
        """What came in silence, the verdicts, and what to change."""
        for found in result.found:
            if found.silence is not None:
                line = silence_line(found)
                self._lines([Line(line.mark, f"{found.transport}: {line.text}")])
        if result.gone:
            self._lines([Line("bad", result.gone)])
        self._console.print()
        print_table(self._console, _table(verdicts))
        advised = {verdict.transport: verdict.advice for verdict in verdicts if verdict.advice}
        if not advised:
            return
        self._head("what to change")
        whom: dict[str, list[str]] = {}
        for transport, advice in advised.items():
            for text in advice:
                whom.setdefault(text, []).append(transport)
        for text, transports in whom.items():
            self._lines([Line("note", f"{', '.join(transports)}: {text}")])

    def _head(self, text: str) -> None:
        self._console.print()
        self._console.print(
            Text(masked(text, self._system), style="bold"), soft_wrap=not is_live(self._console)
        )

    def _lines(self, lines: Sequence[Line]) -> None:
        hidden = [Line(line.mark, masked(line.text, self._system)) for line in lines]
        write_lines(self._console, hidden)


def write_lines(console: Console, lines: Sequence[Line]) -> None:
    """Write each with its sign; on a terminal what does not fit stands below its beginning."""
    for line in lines:
        sign, style = _SIGNS[line.mark]
        text = " ".join(line.text.split())  # what a server says must not move the cursor
        text = "".join(letter if letter.isprintable() else "?" for letter in text)
        parts = wrapped(text, console.width - 4) if is_live(console) else [text]
        for place, part in enumerate(parts):
            first = (f"  {sign} ", style) if place == 0 else "    "
            console.print(Text.assemble(first, (part, _WORDS.get(line.mark, ""))), soft_wrap=True)


def _table(verdicts: Sequence[Verdict]) -> Table:
    rows = [
        Row(
            [verdict.transport],
            [
                Cell(verdict.word, bad=verdict.bad),
                *(Cell(getattr(verdict, name)) for name, _ in _COLUMNS),
            ],
        )
        for verdict in verdicts
    ]
    columns = [Column("verdict", text=True)]
    columns += [Column(words, text=True) for _, words in _COLUMNS]
    return Table([Column("transport", text=True)], columns, rows)
