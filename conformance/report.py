"""The result: tables on the terminal, and a folder with JSON and Markdown."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from conformance.model import Suite, Verdict
from conformance.versions import versions
from pushlab.lab.host.machine import describe_machine
from pushlab.tables import Cell, Column, Row, Table
from pushlab.tables.terminal import print_table

__all__ = ["Outcome", "Report"]

_WORDS = ("right", "known", "WRONG", "not run")


@dataclass(slots=True)
class Outcome:
    """What came of one suite.

    Attributes:
        not_run: why nothing of it ran; or, after cases, why it ended early.
        failed: whether it ended by a fault of its own.
    """

    suite: Suite
    verdicts: list[Verdict] = field(default_factory=list)
    not_run: str = ""
    failed: bool = False

    @property
    def worse(self) -> bool:
        """Whether anything is worse than expected."""
        return self.failed or any(verdict.worse for verdict in self.verdicts)

    def counts(self, verdicts: Sequence[Verdict] | None = None) -> list[int]:
        """How many are right, known, wrong and not run."""
        found = Counter(v.word for v in (self.verdicts if verdicts is None else verdicts))
        return [found[word] for word in _WORDS]


class Report:
    """Collects outcomes and writes them down after each, so that nothing is lost.

    Args:
        folder: where to; None writes nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._began = time.monotonic()
        self.outcomes: list[Outcome] = []
        self._head: dict[str, Any] = {
            "created_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "environment": describe_machine(),
            "versions": versions(),
        }

    @staticmethod
    def folder(parent: Path) -> Path:
        """``<date>-<commit>`` below `parent`."""
        commit = describe_machine()["commit"] or "unknown"
        return parent / f"{time.strftime('%Y-%m-%d', time.gmtime())}-{commit[:7]}"

    def add(self, outcome: Outcome) -> None:
        """Take one suite's verdicts, and write everything anew."""
        self.outcomes.append(outcome)
        self._head["took_s"] = round(time.monotonic() - self._began, 1)
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            told = json.dumps(self._to_json(), indent=1, ensure_ascii=False)
            (self._folder / "result.json").write_text(told + "\n", encoding="utf-8")
            (self._folder / "README.md").write_text(self._to_markdown(), encoding="utf-8")

    # ---- on the terminal --------------------------------------------------------------------

    def show(self, console: Console, outcome: Outcome) -> None:
        """One suite's table."""
        rows = shown(outcome)
        if rows:
            print_table(console, _table(outcome.suite, rows))
        counts = zip(outcome.counts(), _WORDS, strict=True)
        told = ", ".join(f"{count} {word}" for count, word in counts if count)
        console.print(told or "nothing ran", style="bold", highlight=False)
        if outcome.not_run:
            console.print(f"not run: {outcome.not_run}", style="yellow", highlight=False)

    def show_all(self, console: Console) -> None:
        """A line for each suite."""
        columns = [Column(word) for word in _WORDS]
        rows = [
            Row([o.suite.name], [Cell(n, bad=w == "WRONG" and n > 0) for n, w in _pairs(o)])
            if o.verdicts
            else Row([o.suite.name], problem=f"not run: {o.not_run}")
            for o in self.outcomes
        ]
        print_table(console, Table([Column("suite")], columns, rows))

    # ---- on disk ----------------------------------------------------------------------------

    def _to_json(self) -> dict[str, Any]:
        return {
            **self._head,
            "suites": [
                {
                    "name": outcome.suite.name,
                    "title": outcome.suite.title,
                    "about": outcome.suite.about,
                    "not_run": outcome.not_run,
                    "cases": [_case(verdict) for verdict in outcome.verdicts],
                }
                for outcome in self.outcomes
            ],
        }

    def _to_markdown(self) -> str:
        machine = self._head["environment"]
        lines = [
            "# Conformance",
            "",
            f"{self._head['created_utc'][:10]}, {machine['python']}, commit {machine['commit']};"
            f" {self._head['took_s']:g} s. What the suites are: [conformance](../../README.md)."
            " Every case, with what was wanted and seen, is in [result.json](result.json).",
            "",
            *_markdown(["suite", *_WORDS], [_summary_cells(o) for o in self.outcomes]),
        ]
        for outcome in self.outcomes:
            suite, rows = outcome.suite, shown(outcome)
            lines += ["", f"## {suite.title}", "", suite.about]
            if outcome.not_run:
                lines += ["", f"Not run: {outcome.not_run}."]
            groups = dict.fromkeys(v.group for v in outcome.verdicts)
            if not suite.whole and len(groups) > 1:
                counted = [
                    [g, *map(str, outcome.counts([v for v in outcome.verdicts if v.group == g]))]
                    for g in groups
                ]
                lines += ["", *_markdown(["cases", *_WORDS], counted)]
            if rows:
                table = _table(suite, rows)
                heads = [column.words for column in (*table.leading, *table.columns)]
                body = [
                    [*map(str, row.names), *(str(cell.value) for cell in row.cells)]
                    for row in table.rows
                ]
                lines += ["", *_markdown(heads, body)]
        named = ", ".join(f"{name} {version}" for name, version in self._head["versions"].items())
        return "\n".join([*lines, "", f"Versions: {named}.", ""])


def _case(verdict: Verdict) -> dict[str, Any]:
    """A case as JSON, without what there is not."""
    told = {key: value for key, value in asdict(verdict).items() if value not in ("", {})}
    return {**told, "verdict": verdict.word}


def shown(outcome: Outcome) -> list[Verdict]:
    """The cases that a table shows."""
    return [v for v in outcome.verdicts if outcome.suite.whole or v.right is not True]


def _pairs(outcome: Outcome) -> list[tuple[int, str]]:
    return list(zip(outcome.counts(), _WORDS, strict=True))


def _summary_cells(outcome: Outcome) -> list[str]:
    if not outcome.verdicts:
        return [outcome.suite.name, f"not run: {outcome.not_run}", "", "", ""]
    return [outcome.suite.name, *map(str, outcome.counts())]


def _table(suite: Suite, verdicts: Sequence[Verdict]) -> Table:
    heads = ["wanted", "pushlab", *suite.others, "verdict", "source"]
    rows = []
    for verdict in verdicts:
        others = [verdict.others.get(name, "") for name in suite.others]
        word = f"known: {verdict.known}" if verdict.word == "known" else verdict.word
        cells = [verdict.wanted, verdict.seen, *others, word, verdict.source]
        rows.append(Row([verdict.case], [Cell(text, bad=verdict.worse) for text in cells]))
    return Table([Column("case")], [Column(head, text=True) for head in heads], rows)


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    told = [heads, ["---"] * len(heads), *rows]
    return [
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
        for row in told
    ]
