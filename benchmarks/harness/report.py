"""The result: tables on the terminal, and a folder with JSON, Markdown and a chart."""

import importlib.metadata
import json
import re
import shutil
import subprocess
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.harness.chart import draw_goals
from benchmarks.harness.figures import Figure, Ratio, Verdict, figures_of, verdicts_of
from benchmarks.harness.run import Outcome
from pushlab.lab.host.machine import describe_machine

__all__ = ["Report"]

_PROGRAMS = {
    "wrk": ["wrk", "-v"],
    "nginx": ["nginx", "-v"],
    "mosquitto": ["mosquitto", "-h"],
    "nchan": ["dpkg-query", "--show", "libnginx-mod-nchan"],
}


class Report:
    """Collects outcomes and writes them down after each, so that nothing is lost.

    Args:
        folder: where to; None writes nothing.
    """

    def __init__(self, folder: Path | None, *, repetitions: int, seconds: float, seed: int) -> None:
        self._folder = folder
        self._began = time.monotonic()
        self._outcomes: list[Outcome] = []
        self._head: dict[str, Any] = {
            "created_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "repetitions": repetitions,
            "seconds": seconds,
            "seed": seed,
            "environment": describe_machine(),
        }

    @staticmethod
    def folder(parent: Path) -> Path:
        """``<date>-<commit>`` below `parent`."""
        commit = describe_machine()["commit"] or "unknown"
        return parent / f"{time.strftime('%Y-%m-%d', time.gmtime())}-{commit[:7]}"

    def add(self, outcome: Outcome, *, complete: bool) -> None:
        """Take one benchmark's samples, and write everything anew."""
        self._outcomes.append(outcome)
        self._head["complete"] = complete
        self._head["took_s"] = round(time.monotonic() - self._began, 1)
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / "result.json").write_text(json.dumps(self._to_json(), indent=1) + "\n")
            (self._folder / "README.md").write_text(self._to_markdown())
            draw_goals(self._verdicts(), self._footer(), self._folder)

    def _verdicts(self) -> list[Verdict]:
        return [verdict for outcome in self._outcomes for verdict in verdicts_of(outcome)]

    # ---- on the terminal --------------------------------------------------------------------

    def show(self, console: Console, outcome: Outcome) -> None:
        """One benchmark's table."""
        benchmark = outcome.benchmark
        table = Table(
            title=f"{benchmark.title} ({benchmark.better} is better)", title_justify="left"
        )
        for heading in ("contender", benchmark.unit, "smallest to largest", "pushlab / this"):
            table.add_column(heading, justify="left" if heading == "contender" else "right")
        table.add_column("note")
        for row in figures_of(outcome):
            cells = _cells(row)
            table.add_row(*cells, style="bold" if row.ratio is None and row.samples else None)
        console.print(table)
        if benchmark.setting:
            console.print(benchmark.setting, style="dim", highlight=False)

    def show_goals(self, console: Console) -> None:
        """All goals, met or not."""
        verdicts = self._verdicts()
        if not verdicts:
            return
        table = Table(title="Goals", title_justify="left")
        table.add_column("goal")
        table.add_column("seen", justify="right")
        table.add_column("95 % interval", justify="right")
        table.add_column("")
        for verdict in verdicts:
            style = {True: "green", False: "red", None: "dim"}[verdict.met]
            table.add_row(*_goal_cells(verdict), style=style)
        console.print(table)

    # ---- on disk ----------------------------------------------------------------------------

    def _footer(self) -> str:
        machine = self._head["environment"]
        return (
            f"{self._head['created_utc'][:10]}, {machine['processor']}, {machine['cores']} cores,"
            f" {machine['python']}; {self._head['repetitions']} repetitions of"
            f" {self._head['seconds']:g} s; median, 95 % interval"
        )

    def _to_json(self) -> dict[str, Any]:
        return {
            **self._head,
            "versions": self._versions(),
            "benchmarks": [
                {
                    "name": outcome.benchmark.name,
                    "title": outcome.benchmark.title,
                    "unit": outcome.benchmark.unit,
                    "better": outcome.benchmark.better,
                    "setting": outcome.benchmark.setting,
                    "figures": [asdict(row) for row in figures_of(outcome)],
                    "goals": [
                        {**asdict(verdict), "met": verdict.met} for verdict in verdicts_of(outcome)
                    ],
                    "not_run": outcome.not_run,
                    "samples": [asdict(taken) for taken in outcome.taken],
                }
                for outcome in self._outcomes
            ],
        }

    def _to_markdown(self) -> str:
        lines = [
            "# pushlab beside its peers",
            "",
            f"{self._footer()}. Load average at the start:"
            f" {self._head['environment']['load'][0]:.1f}. Commit"
            f" {self._head['environment']['commit']}.",
            "How it is measured, and what is fair about it: [benchmarks](../../README.md).",
            "",
        ]
        if not self._head["complete"]:
            lines += ["**This run was stopped before its end.**", ""]
        verdicts = self._verdicts()
        if verdicts:
            lines += ["## Goals", "", "![Goals](goals.png)", ""]
            lines += ["| goal | seen | 95 % interval | |", "|---|--:|--:|---|"]
            lines += [_markdown_row(_goal_cells(verdict)) for verdict in verdicts]
            lines.append("")
        for outcome in self._outcomes:
            benchmark = outcome.benchmark
            lines += [
                f"## {benchmark.title}",
                "",
                f"{benchmark.setting} {benchmark.better.capitalize()} is better.".strip(),
                "",
                f"| contender | {benchmark.unit} | smallest to largest | pushlab / this | note |",
                "|---|--:|--:|--:|---|",
            ]
            lines += [_markdown_row(_cells(row)) for row in figures_of(outcome)]
            lines.append("")
        named = ", ".join(f"{name} {version}" for name, version in self._versions().items())
        return "\n".join([*lines, f"Versions: {named}.", ""])

    def _versions(self) -> dict[str, str]:
        names = {
            package
            for outcome in self._outcomes
            for contender in outcome.benchmark.contenders
            for package in contender.packages
        }
        versions = {}
        for name in sorted(names):
            version = _program_version(name) if name in _PROGRAMS else _package_version(name)
            if version:
                versions[name] = version
        return versions


def _package_version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _program_version(name: str) -> str | None:
    """The first number with a dot that the program says of itself."""
    if shutil.which(_PROGRAMS[name][0]) is None:
        return None
    told = subprocess.run(_PROGRAMS[name], capture_output=True, text=True, timeout=10, check=False)
    match = re.search(r"\d+\.\d+(\.\d+)?", told.stdout + told.stderr)
    return match[0] if match else None


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _times(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _interval(ratio: Ratio, *, plain: bool = False) -> str:
    show = _number if plain else _times
    return f"{show(ratio.low)} to {show(ratio.high)}"


def _cells(row: Figure) -> list[str]:
    spread = "-" if row.low is None else f"{_number(row.low)} to {_number(row.high)}"
    ratio = "" if row.ratio is None else f"{_times(row.ratio.median)} ({_interval(row.ratio)})"
    title = f"{row.title} (a bound)" if row.bound else row.title
    return [title, _number(row.value), spread, ratio, row.note]


def _goal_cells(verdict: Verdict) -> list[str]:
    word = {True: "met", False: "missed", None: "not measured"}[verdict.met]
    if verdict.seen is None:
        return [verdict.text, "-", "-", word]
    plain = verdict.goal.beside is None
    seen = _number(verdict.seen.median) if plain else f"{_times(verdict.seen.median)} x"
    return [verdict.text, seen, _interval(verdict.seen, plain=plain), word]


def _markdown_row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
