"""`pushlab advise`: the answer in one page, from a run, a load, or an application's own log."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from pushlab.analysis import analyse
from pushlab.analysis.advice.asked import Asked, asked_of_load, asked_of_run
from pushlab.analysis.advice.logged import asked_of_log
from pushlab.analysis.advice.page import Advice, advise
from pushlab.analysis.advice.today import Today, parse_today
from pushlab.analysis.cost.architectures import DEFAULT, find_architectures
from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.month import price_all
from pushlab.analysis.forecast.calibration import calibrate as costs_of
from pushlab.analysis.log.findings import LogFindings, load_findings
from pushlab.commands.terminal import json_text
from pushlab.commands.workload import logged, refuse_beside_run, workload
from pushlab.contract.registry import comparable_profiles
from pushlab.errors import UsageError
from pushlab.runs import Run
from pushlab.tables.advice import BASES_EXPLAINED, rests_on, tables_of
from pushlab.tables.terminal import print_table, say

__all__ = ["advise_on"]


def advise_on(
    folder: Path | None,
    *,
    load: Mapping[str, Any],
    given: Sequence[str] = (),
    today: str | None = None,
    log: Path | None = None,
    calibrate: Path | None = None,
    architecture: str | None = None,
    prices: Path | None = None,
    out: Path | None = None,
    as_json: bool = False,
) -> int:
    """Advise and print, and write the page where it was asked for; the exit status, 0.

    Args:
        folder: a run; None: the load was said.
        load: what `workload` takes; of a run, ``clients`` is used.
        given: the flags that said it.
        today: the owner's figures of polling; see `parse_today`.
        log: a folder of `pushlab workload from-log`, whose load it is but for the flags `given`.
        calibrate: a run or sweep that tells what a server costs.
        architecture: keys or kinds; the first is that in which transports are compared.
        prices: a price book put over pushlab's.
        out: the file for the page, in HTML.

    Raises:
        UsageError: a value makes no sense; the text names the flag.
        RunError: there is no such run.
        NotWritten: the page cannot be written.
    """
    told = parse_today(today) if today is not None else None
    _check(given, folder, told, load, {"--calibrate": calibrate, "--log": log})
    found = load_findings(log) if log is not None else None
    chosen, book = find_architectures(architecture), load_book(prices)
    if folder is not None:
        asked = _of_run(folder, load, told)
    else:
        asked = _of_load(load, told, calibrate, found, given)
    costs = price_all(
        asked.traffic,
        find_architectures(None),
        book,
        chosen=DEFAULT if architecture is None else chosen[0],
        sizes=asked.sizes,
        guesses=asked.guesses,
    )
    advice = advise(asked, costs, found)
    if out is not None:
        from pushlab.charts.report.advice import write_advice  # a page needs a template

        write_advice(advice, out)
    if as_json:
        print(json_text(advice.to_json()))
    else:
        print_advice(advice)
        if out is not None:
            print(f"\n{out}")
    return 0


def _check(
    given: Sequence[str],
    folder: Path | None,
    today: Today | None,
    load: Mapping[str, Any],
    beside: Mapping[str, Path | None],
) -> None:
    """Refuse what cannot go together. Raises UsageError."""
    if folder is not None:
        refuse_beside_run(given, "--clients")
        for flag, value in beside.items():
            if value is not None:
                raise UsageError(f"{flag} does not go with a run: the run has all that it needs")
    if beside["--log"] is not None and "--poll-interval" in given:
        raise UsageError("--poll-interval does not go with --log: the log has it")
    said = load.get("interval_s") if "--poll-interval" in given else None
    if today is not None and said not in (None, today.interval_s):
        raise UsageError(
            f"--poll-interval is {said:g} s and --today says polls every {today.interval_s:g} s;"
            " say one of them"
        )


def _of_load(
    load: Mapping[str, Any],
    today: Today | None,
    calibrate: Path | None,
    findings: LogFindings | None,
    given: Sequence[str],
) -> Asked:
    known = costs_of(calibrate) if calibrate else {}
    source = str(calibrate) if calibrate else ""
    profiles = comparable_profiles()
    if findings is None:
        return asked_of_load(workload(load), profiles, known, source=source, today=today)
    work = workload(logged(findings, load, given))
    return asked_of_log(findings, work, profiles, known, source=source, today=today, given=given)


def _of_run(folder: Path, load: Mapping[str, Any], today: Today | None) -> Asked:
    run = Run.load(folder)
    return asked_of_run(
        analyse(run),
        comparable_profiles(),
        name=str(run.scenario.get("name", folder.name)),
        clients=load.get("clients"),
        today=today,
    )


def print_advice(advice: Advice) -> None:
    """Print the page on stdout; a sentence in a line, broken on a terminal."""
    console = Console(highlight=False, emoji=False)
    say(console, advice.title.text, "bold")
    tables = tables_of(advice)
    for part in advice.parts:
        console.print()
        say(console, part.title, "bold")
        for one in part.sentences:
            told = rests_on(one)
            say(console, f"- {one.text}" + (f" [{told}]" if told else ""))
        for table in tables.get(part.key, ()):
            console.print()
            say(console, table.caption)
            print_table(console, table)
    console.print()
    say(console, BASES_EXPLAINED, "dim")
    for warning in advice.warnings:
        say(console, f"! {warning}")
