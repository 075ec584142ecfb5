"""`pushlab gate --run`: two programs run by turns, until it is known whether one is worse.

A machine differs from hour to hour by more than the trials of one run show. So both commands run
side by side in pairs, of two pairs one begins with BASE and one with NEW, and what is compared is
what differs within pairs.
"""

import random
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pushlab.analysis.diff.gate import Gate, asked_of, doubts, marks_on
from pushlab.analysis.diff.pairs import Track
from pushlab.analysis.diff.sameness import not_comparable
from pushlab.analysis.slo.subject import Subject
from pushlab.analysis.summary.model import CellSummary
from pushlab.analysis.summary.stored import summary_of
from pushlab.commands.gate import Wanted, questions_of, told
from pushlab.commands.programs import run_of, words_of
from pushlab.commands.terminal import json_text
from pushlab.errors import Stopped, UsageError
from pushlab.quantities import counted, interval, number
from pushlab.runs import Run

__all__ = ["AtMost", "interleave"]

_NAMES = ("BASE", "NEW")


@dataclass(frozen=True, slots=True)
class AtMost:
    """How long to go on: so many pairs, or so many seconds."""

    pairs: int | None = None
    seconds: float | None = None


def interleave(
    commands: Sequence[str],
    *,
    figures: Sequence[str],
    worse: Sequence[float],
    at_most: AtMost,
    out: Path,
    wanted: Wanted,
) -> int:
    """Run both commands by turns, each into a folder of its own; the exit status of a gate.

    Args:
        commands: BASE's and NEW's. ``{out}`` in them is the folder for the run; where it is not,
            ``--out`` and the folder are put at the end.
        out: the folder that gets the folder with all runs.

    Raises:
        UsageError: something asked for is wrong, a command failed, or both do different work.
        Stopped: by a signal; what was measured is kept, and told.
    """
    subjects, limits = questions_of(figures, worse)
    wanted.check()
    folder = out / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-gate-{secrets.token_hex(3)}"
    pairs = _Pairs([words_of(text) for text in commands], folder, subjects, limits)
    notes = [f"{name + ':':<6}{command}" for name, command in zip(_NAMES, commands, strict=True)]
    notes.append(f"runs: {folder}")

    def tell() -> int:
        found = pairs.gate()
        (folder / "gate.json").write_text(json_text(found.to_json()) + "\n", encoding="utf-8")
        return told(found, notes, wanted)

    try:
        _until_known(pairs, at_most)
    except KeyboardInterrupt:
        kept = f"stopped after {counted(pairs.made, 'pair')}; all runs are in {folder}"
        if pairs.made:
            tell()
        raise Stopped(kept) from None
    except UsageError:  # as of the tenth command, which takes nothing from the nine before it
        if pairs.made:
            tell()
        raise
    return tell()


def _until_known(pairs: "_Pairs", at_most: AtMost) -> None:
    begin, rng, base_first = time.monotonic(), random.Random(0), False
    while not pairs.over and (at_most.pairs is None or pairs.made < at_most.pairs):
        each_s = (time.monotonic() - begin) / max(1, pairs.made)
        after_s = time.monotonic() - begin + each_s
        if at_most.seconds is not None and pairs.made and after_s > at_most.seconds:
            break
        base_first = rng.random() < 0.5 if pairs.made % 2 == 0 else not base_first
        pairs.make(base_first=base_first)
        each_s = (time.monotonic() - begin) / pairs.made
        print(f"pair {pairs.made}: {pairs.waits_for(each_s)}", file=sys.stderr, flush=True)
    for track in pairs.tracks:
        track.end()


class _Pairs:
    """All pairs of runs so far, and what each figure has come to."""

    def __init__(
        self,
        commands: Sequence[Sequence[str]],
        folder: Path,
        subjects: Sequence[Subject],
        worse: Sequence[float],
    ) -> None:
        self._commands = commands
        self._folder = folder
        self._subjects = subjects
        self._worse = worse
        self.made = 0
        self.tracks: list[Track] = []

    @property
    def over(self) -> bool:
        """Whether one figure fails, all pass, or those that are not known will not be."""
        if not self.tracks:
            return False
        known = self.gate().outcome != "inconclusive"
        return known or all(track.known or track.in_vain for track in self.tracks)

    def gate(self) -> Gate:
        """What is known of every figure."""
        return Gate([track.told() for track in self.tracks])

    def make(self, *, base_first: bool) -> None:
        """Run both commands once."""
        runs: dict[str, Run] = {}
        for name in _NAMES if base_first else _NAMES[::-1]:
            place = self._folder / f"{name.lower()}-{self.made + 1:02}"
            runs[name] = run_of(name, self._commands[_NAMES.index(name)], place)
        sides = {name: summary_of(runs[name]) for name in _NAMES}
        if not self.tracks:
            questions = asked_of(self._subjects, self._worse, sides["BASE"].cells)
            self.tracks = [Track(one, len(questions)) for one in questions]
        labels = list(dict.fromkeys(track.asked.cell for track in self.tracks))
        if differ := not_comparable(runs["BASE"], runs["NEW"], labels):
            raise UsageError(f"BASE and NEW do not do the same work: {'; '.join(differ)}")
        for track in self.tracks:
            cells = {name: _cell(name, runs[name], sides[name].cells, track) for name in _NAMES}
            values = [_value(name, cell, track) for name, cell in cells.items()]
            asked, (base, new) = track.asked, values
            marks = [
                f"{name}: {mark}"
                for name in _NAMES
                for mark in marks_on(sides[name], asked.cell, asked.figure, base, new, asked.worse)
            ]
            track.add(base, new, marks)
        self.made += 1

    def waits_for(self, each_s: float) -> str:
        """What is known, and what is waited for, in a line."""
        told = []
        for track in self.tracks:
            found = track.told()
            ratio = "" if found.ratio is None else f" {number(found.ratio)} x"
            name = f"{track.asked.cell}.{track.asked.figure}{ratio}"
            if track.known:
                told.append(f"{name}: {found.outcome}")
            else:
                more = f"{counted(track.left, 'more pair')}, {interval(track.left * each_s)}"
                told.append(f"{name} so far; about {more}")
        return "; ".join(told)


def _cell(name: str, run: Run, cells: Mapping[str, CellSummary], track: Track) -> CellSummary:
    cell = cells.get(track.asked.cell)
    why = "has no such cell" if cell is None else doubts(run, cell)
    if cell is None or why:
        raise UsageError(f"{name}, {track.asked.cell}: {why} ({run.path})")
    return cell


def _value(name: str, cell: CellSummary, track: Track) -> float:
    value = cell[track.asked.figure]
    if value is None:
        figure = f"{track.asked.cell}.{track.asked.figure}"
        raise UsageError(f"{name} has no {figure}: not measured, or too few samples")
    return value
