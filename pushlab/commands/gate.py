"""`pushlab gate`: whether NEW is worse than BASE by so much, for people and for CI."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pushlab.analysis.diff.gate import Gate, Gated, gate_runs
from pushlab.analysis.diff.sameness import differences_of_setting
from pushlab.analysis.slo.subject import Subject, parse_subject
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.commands.gate_reports import junit, markdown
from pushlab.commands.terminal import NOT_KNOWN, json_text
from pushlab.errors import UsageError
from pushlab.quantities import brief, counted, number, share, span, with_unit
from pushlab.runs import Run

__all__ = ["STATUS", "Wanted", "gate", "questions_of", "told"]

#: The exit status of each answer; 2 is that something asked for is wrong, or cannot be read.
STATUS = {"pass": 0, "fail": 1, "inconclusive": NOT_KNOWN}
_MOST_WORSE = 10.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the answers are wanted, beside lines for people: `markdown` may be ``-``, for stdout."""

    as_json: bool = False
    junit: Path | None = None
    markdown: Path | None = None

    def check(self) -> None:
        """Raise UsageError for what could not be written in the end, before anything is done."""
        if self.as_json and self.to_stdout:
            raise UsageError("--json and --markdown - would both write to standard output")
        for flag, file in (("--junit", self.junit), ("--markdown", self.markdown)):
            if file is None or (file is self.markdown and self.to_stdout):
                continue
            if str(file) == "-":
                raise UsageError(f"{flag}: '-' is no file, and only --markdown goes to stdout")
            if file.is_dir():
                raise UsageError(f"{flag}: {file} cannot be written (it is a folder)")
            if not os.access(file if file.exists() else file.parent, os.W_OK):
                raise UsageError(f"{flag}: {file} cannot be written (no such folder, or no right)")

    @property
    def to_stdout(self) -> bool:
        """Whether the Markdown goes to standard output."""
        return str(self.markdown) == "-"


def gate(
    base: Path, new: Path, *, figures: Sequence[str], worse: Sequence[float], wanted: Wanted
) -> int:
    """Judge the run NEW against BASE; the exit status, by `STATUS`.

    Args:
        figures: such as ``sse.latency_s.p99``.
        worse: by which share each must not be worse; or one for all.

    Raises:
        UsageError: something asked for is wrong, or the runs did different work.
        RunError: a run cannot be read.
    """
    subjects, limits = questions_of(figures, worse)
    wanted.check()
    runs = Run.load(base), Run.load(new)
    found = gate_runs(*runs, subjects, limits)
    notes = [f"BASE: {base}", f"NEW:  {new}"]
    notes += [f"  {line}" for line in differences_of_setting(*runs)]
    return told(found, notes, wanted)


def questions_of(
    figures: Sequence[str], worse: Sequence[float]
) -> tuple[list[Subject], list[float]]:
    """What was asked, a limit for each figure. Raises UsageError."""
    if not figures:
        raise UsageError("nothing to judge: give --figure, such as --figure sse.latency_s.p99")
    if not worse:
        raise UsageError("--worse says by how much a figure must not be worse, such as 20%")
    if len(worse) not in (1, len(figures)):
        raise UsageError(
            f"{len(worse)} times --worse for {len(figures)} figures: give one for each, or one"
        )
    for limit in worse:
        if not 0 < limit <= _MOST_WORSE:
            raise UsageError(f"--worse is from above 0 % to 1000 %, not {limit:.4%}")
    limits = list(worse) if len(worse) == len(figures) else list(worse) * len(figures)
    return [parse_subject(text) for text in figures], limits


def told(found: Gate, notes: Sequence[str], wanted: Wanted) -> int:
    """Print the answers and write the files that were asked for; the exit status.

    Raises:
        UsageError: a file cannot be written.
    """
    page, to_stdout = markdown(found, lines_of), wanted.to_stdout
    stream = sys.stderr if wanted.as_json or to_stdout else sys.stdout
    for line in [*notes, *(line for one in found.figures for line in _entry(one))]:
        print(line, file=stream)
    answers = Counter(one.outcome for one in found.figures)
    counts = ", ".join(f"{count} {answer}" for answer, count in answers.items())
    print(f"gate: {_WORDS[found.outcome]} ({counts})", file=stream)
    if wanted.as_json:
        print(json_text(found.to_json()))
    elif to_stdout:
        print(page, end="")
    if wanted.junit is not None:  # files last: an answer that cannot be written is told at least
        _write("--junit", wanted.junit, junit(found, lines_of))
    if wanted.markdown is not None and not to_stdout:
        _write("--markdown", wanted.markdown, page)
    return STATUS[found.outcome]


_WORDS = {"pass": "pass", "fail": "FAIL", "inconclusive": "inconclusive"}


def _entry(one: Gated) -> list[str]:
    head = f"{_WORDS[one.outcome]:<14}{one.cell}.{one.figure}: at most {share(one.worse)} worse"
    return [head, *(f"{'':<14}{line}" for line in lines_of(one))]


def lines_of(one: Gated) -> list[str]:
    """What is known of a figure, in lines: the ratio with its interval, and what is missing."""
    found = []
    if one.base is not None and one.new is not None and one.ratio is not None:
        kind, (a, b) = FIGURES[one.figure].kind, one.trials
        trials = f"{a} trials of each" if a == b else f"{a} and {b} trials"
        trials = counted(a, "pair") if one.paired else trials
        found.append(f"{with_unit(one.base, kind)} to {with_unit(one.new, kind)}, {trials}")
        line = f"NEW/BASE {number(one.ratio)}"
        if one.interval is not None:
            level = brief(100 - 200 * one.chance, 4)
            line += f", {level} % interval {span(one.interval, number) or number(one.ratio)}"
        found.append(line)
    if one.why:
        found.append(one.why)
    elif one.outcome == "inconclusive" and one.needed is not None:
        what = "pairs" if one.paired else "trials of each"
        found.append(f"needs about {one.needed:,} {what}")
    elif one.outcome == "inconclusive":
        found.append("scatters too much for any number of trials")
    return found


def _write(flag: str, file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{flag}: {file} cannot be written ({error.strerror})") from error
