"""`pushlab check`: whether a run meets its objectives, one line for each, for people and for CI.

There are three answers, each with its exit status: met (0), failed (1), not known (3).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pushlab.analysis.slo.objectives import Objective, parse_objective
from pushlab.analysis.slo.verdicts import Answer, Verdict, judge_all
from pushlab.analysis.summary.stored import summary_of
from pushlab.commands.terminal import NOT_KNOWN, json_text
from pushlab.errors import UsageError
from pushlab.quantities import counted, span, with_unit
from pushlab.runs import Run

__all__ = ["check"]


def check(
    folder: Path, texts: Sequence[str], *, file: Path | None = None, as_json: bool = False
) -> int:
    """Judge the run in `folder`.

    The exit status: 0 if every objective is met, 1 if one has failed, 3 if one is not known.

    Args:
        texts: the objectives.
        file: more of them, one in a line; empty lines and lines that begin with ``#`` are passed
            over.

    Raises:
        UsageError: an objective is malformed, asks about no cell of the run, or there is none.
    """
    objectives = [parse_objective(text) for text in texts]
    if file is not None:
        objectives += _from_file(file)
    if not objectives:
        raise UsageError("nothing to check: give --slo OBJECTIVE, such as --slo 'sse.p99<50ms'")
    run = Run.load(folder)
    summary = summary_of(run)
    verdicts = judge_all(objectives, summary.cells, summary.floor_s)
    complete = run.status == "complete"
    answers: set[Answer] = {verdict.answer for verdict in verdicts}
    answers |= set() if complete else {"unknown"}
    whole: Answer = next(each for each in ("failed", "unknown", "met") if each in answers)
    if as_json:
        told = {"answer": whole, "met": whole == "met", "run": run.id, "status": run.status}
        print(json_text({**told, "objectives": [_plain(verdict) for verdict in verdicts]}))
        return _STATUS[whole]
    for verdict in verdicts:
        print(_line(verdict))
    if not complete:
        print(f"{_WORDS['unknown']}  the run is {run.status}: it did not reach its end")
    print(f"{_counted(verdicts)}: {folder}")
    return _STATUS[whole]


_WORDS: Mapping[Answer, str] = {"met": "met      ", "failed": "FAILED   ", "unknown": "not known"}
_STATUS: Mapping[Answer, int] = {"met": 0, "failed": 1, "unknown": NOT_KNOWN}


def _counted(verdicts: Sequence[Verdict]) -> str:
    """How many are what: ``3 of 5 met, 1 failed, 1 not known``."""
    count = {each: sum(verdict.answer == each for verdict in verdicts) for each in _WORDS}
    text = f"{count['met']} of {len(verdicts)} met"
    text += f", {count['failed']} failed" if count["failed"] else ""
    return text + (f", {count['unknown']} not known" if count["unknown"] else "")


def _from_file(file: Path) -> list[Objective]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        detail = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"--slo-file: {file} cannot be read ({detail})") from error
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                found.append(parse_objective(line))
            except UsageError as error:
                raise UsageError(f"{file}, line {number}: {error}") from error
    return found


def _line(verdict: Verdict) -> str:
    objective = verdict.objective

    def show(value: float) -> str:
        return with_unit(value, objective.kind)

    told = f"{_WORDS[verdict.answer]}  {objective.text}  {verdict.cell}: "
    if verdict.why is not None:
        told += verdict.why
    if verdict.value is not None:
        told += "; " if verdict.why is not None else ""
        told += f"{objective.figure} is {show(verdict.value)}"
    notes = []
    if verdict.interval is not None:
        within = span(verdict.interval, show) or show(verdict.interval[0])
        spans = verdict.interval[0] <= objective.limit <= verdict.interval[1]
        notes.append(f"95 % interval {within}" + (", which spans the limit" if spans else ""))
    if verdict.unsure:
        notes.append(f"{verdict.unsure} for an interval")
    if verdict.samples is not None and verdict.why is None:
        notes.append(f"{verdict.samples:,} samples")
    told += f" ({', '.join(notes)})" if notes else ""
    if verdict.more_trials:
        told += f"; needs about {counted(verdict.more_trials, 'more trial')}"
    if verdict.marks:
        told += f" [could be the measuring's: {'; '.join(verdict.marks)}]"
    return told


def _plain(verdict: Verdict) -> dict[str, Any]:
    told = verdict.objective.to_json()
    found = {name: getattr(verdict, name) for name in Verdict.__slots__ if name != "objective"}
    return {"objective": told.pop("text"), **told, "met": verdict.met, **found}
