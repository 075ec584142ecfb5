"""`pushlab reproduce`: published experiments, run at laptop scale and held against their claims."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from pushlab.analysis.papers.claims import Outcome, judge
from pushlab.analysis.papers.reproductions import (
    Reproduction,
    builtin_reproductions,
    load_reproduction,
)
from pushlab.charts.claims import claims_chart
from pushlab.charts.frame import make_folder, save
from pushlab.commands.compare import measure
from pushlab.commands.terminal import json_text
from pushlab.errors import SetupError, UsageError
from pushlab.lab.scenario.toml_reader import parse_scenario
from pushlab.quantities import brief, duration
from pushlab.runs import Run

__all__ = ["list_reproductions", "reproduce"]


def list_reproductions() -> int:
    """Print the names and titles of the reproductions that come with pushlab."""
    names = builtin_reproductions()
    for name in names:
        print(f"{name:<{max(map(len, names))}}  {load_reproduction(name).title}")
    return 0


def reproduce(names: Sequence[str], *, out: Path, as_json: bool = False) -> int:
    """Run, judge, print and draw; 0 if every claim that is checked holds, else 1.

    Args:
        names: built-in ones, or paths of TOML files; all are read before anything runs.
        out: gets the runs' folders, a chart and the figures as JSON for each.

    Raises:
        UsageError: there is no such reproduction, or it is wrong.
        SetupError: `out` cannot be written; or see `run_scenario`.
        Stopped: by a signal; what was measured is kept.
    """
    reproductions = [load_reproduction(name) for name in names]
    if not reproductions:
        raise UsageError("name a reproduction, or give --all (see: pushlab reproduce --list)")
    scenarios = {
        each.name: parse_scenario(each.scenario, f"{each.name}.scenario.toml", default=each.name)
        for each in reproductions
        if each.scenario is not None
    }
    for each in reproductions:
        if each.name not in scenarios:
            judge(each)  # tells of a wrong expression before minutes of measuring
    make_folder(out)
    console = Console(stderr=as_json, highlight=False, emoji=False, soft_wrap=True)
    begin_s, told, status = time.monotonic(), [], 0
    for place, each in enumerate(reproductions, 1):
        console.print(Text(f"[{place}/{len(reproductions)}] {each.title}", style="bold"))
        found = measure(scenarios[each.name], out) if each.name in scenarios else None
        run = found.run if found else None
        outcomes = judge(each, found)
        files = save([claims_chart(each, outcomes)], out)
        data = _json(each, outcomes, run)
        _write(out / f"{each.name}.json", json.dumps(data, indent=2) + "\n")
        told.append(data)
        for outcome in outcomes:
            console.print(_line(outcome))
        console.print(Text(f"  {files[0]}", style="dim"))
        status |= any(outcome.passed is False for outcome in outcomes)
    checked = [claim["passed"] for data in told for claim in data["claims"]]
    held, failed = checked.count(True), checked.count(False)
    console.print(
        Text(
            f"{held} claims hold, {failed} fail, {checked.count(None)} are shown only;"
            f" {duration(time.monotonic() - begin_s)}",
            style="bold red" if failed else "bold",
        )
    )
    if as_json:
        print(json_text(told))
    return int(status)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{path}: cannot be written ({error.strerror})") from error


def _line(outcome: Outcome) -> Text:
    """One claim: whether it holds, what it says, the three figures, and the check."""
    verdict, style = {
        True: ("pass", "green"),
        False: ("FAIL", "bold red"),
        None: ("    ", "dim"),
    }[outcome.passed]
    claim = outcome.claim
    figures = [
        f"{name} {brief(value, 4)}"
        for name, value in (
            ("published", claim.published),
            ("predicted", outcome.predicted),
            ("measured", outcome.measured),
        )
        if value is not None
    ]
    text = Text("  ")
    text.append(verdict, style=style)
    text.append(f"  {claim.says}: {', '.join(figures)} {claim.unit}")
    if outcome.missing:
        text.append(f" [{outcome.missing}]", style="red")
    why = claim.check if outcome.passed is not None else "shown, not checked"
    text.append(f"  ({why}; {claim.status})", style="dim")
    return text


def _json(
    reproduction: Reproduction, outcomes: Sequence[Outcome], run: Run | None
) -> dict[str, Any]:
    def claim(outcome: Outcome) -> Mapping[str, Any]:
        of_claim = ("says", "status", "unit", "published", "check")
        return {
            **{name: getattr(outcome.claim, name) for name in of_claim},
            "source": outcome.claim.source or reproduction.source,
            **{name: getattr(outcome, name) for name in Outcome.__slots__ if name != "claim"},
        }

    return {
        "name": reproduction.name,
        "title": reproduction.title,
        "source": reproduction.source,
        "run": None if run is None else run.path.name,
        "claims": [claim(outcome) for outcome in outcomes],
    }
