"""A sweep's folder: ``sweep.json``, and an ordinary run's folder for each point of its grid.

``sweep.json`` says what was asked; what was measured stands in the points' own ``run.json``, so
that a trial is written in one place and a killed sweep loses only the trial that was under way.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pushlab.errors import RunError, SetupError
from pushlab.runs.layout import (
    SWEEP_FILE,
    FolderWriter,
    RunStatus,
    folder_name,
    is_sweep,
    read_document,
)
from pushlab.runs.reader import Run
from pushlab.runs.records import decode

__all__ = ["Sweep", "SweepAxis", "SweepKind", "SweepPoint", "SweepWriter", "load_folder"]

SweepKind = Literal["sweep", "capacity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepAxis:
    """A swept key and its values."""

    key: str
    values: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPoint:
    """One point of the grid.

    Attributes:
        folder: its run's folder, relative to the sweep's; not there before its first trial.
        values: the value of each swept key.
        scenario: as resolved.
        cells: the labels of its transport settings; cell *i* is the same line in every chart.
    """

    folder: str
    values: dict[str, float]
    scenario: dict[str, Any]
    cells: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A sweep on disk: ``sweep.json``; see results/README.md.

    Attributes:
        kind: ``sweep``, or ``capacity`` for the steps of a search.
        source: what the grid was made of.
        order: the trials in the order of execution, each [point, cell, repetition].
        sessions: when it was begun and resumed, by which command, on what machine.
        capacity: what a search found; None for a plain sweep.
        path: the sweep's folder.
    """

    id: str
    created_utc: str
    status: RunStatus
    kind: SweepKind
    pushlab_version: str
    name: str
    source: dict[str, Any]
    axes: list[SweepAxis]
    points: list[SweepPoint]
    order: list[list[int]]
    sessions: list[dict[str, Any]]
    capacity: dict[str, Any] | None = None
    path: Path = Path()

    @classmethod
    def load(cls, path: Path) -> "Sweep":
        """Read the sweep in the folder `path`; its points are not read yet.

        Raises:
            NewerSchema: a newer pushlab wrote it.
            RunError: it is missing, damaged, or lacks something; the text names the file.
        """
        path = Path(path)
        document = read_document(path, SWEEP_FILE)
        document.pop("path", None)
        return replace(decode(cls, document, f"{path / SWEEP_FILE}: "), path=path)

    def run_of(self, number: int) -> Run | None:
        """The run of point `number`; None if none of its trials has begun.

        Raises:
            RunError: it is damaged.
        """
        folder = self.path / self.points[number].folder
        return Run.load(folder) if (folder / "run.json").exists() else None


def load_folder(path: Path) -> Run | Sweep:
    """Read what is in a folder, a run or a sweep. Raises RunError."""
    path = Path(path)
    return Sweep.load(path) if is_sweep(path) else Run.load(path)


class SweepWriter(FolderWriter):
    """One sweep being written; make it with `create` or `reopen`. Nobody else can meanwhile."""

    _file = SWEEP_FILE

    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        import fcntl  # not on every system; to read a sweep, nobody needs it

        super().__init__(path, document)
        self._lock = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise SetupError(f"{path}: another pushlab is at work on this sweep") from None

    @classmethod
    def create(
        cls,
        root: Path,
        *,
        name: str,
        kind: SweepKind,
        source: Mapping[str, Any],
        axes: Sequence[SweepAxis],
        points: Sequence[SweepPoint] = (),
        order: Sequence[Sequence[int]] = (),
        now: datetime | None = None,
    ) -> "SweepWriter":
        """Begin a sweep: make ``root/<utc>-<name>-<kind>-<short id>/`` and its ``sweep.json``.

        Raises:
            RunError: the folder cannot be made.
        """
        created, document = cls._begun(
            now,
            kind=kind,
            name=name,
            source=dict(source),
            axes=[{"key": axis.key, "values": axis.values} for axis in axes],
            points=[],
            order=[list(trial) for trial in order],
            sessions=[],
            capacity=None,
        )
        path = Path(root) / folder_name(created, f"{name}-{kind}", document["id"])
        try:
            path.mkdir(parents=True)
            writer = cls(path, document)
            for point in points:
                writer.add_point(point, save=False)
            writer._save()
        except OSError as error:
            raise RunError(f"{path}: the folder cannot be made ({error.strerror})") from error
        return writer

    @classmethod
    def reopen(cls, path: Path) -> "SweepWriter":
        """Go on with a sweep.

        Raises:
            RunError: there is none, or it is damaged.
            SetupError: another process is at work on it.
        """
        path = Path(path)
        Sweep.load(path)
        return cls(path, read_document(path, SWEEP_FILE))

    def begin_session(self, command: Sequence[str], environment: Mapping[str, Any]) -> None:
        """Note who goes on with the sweep from here, with no secret in `command`."""
        self._document["status"] = "running"
        begun = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        self._document["sessions"].append(
            {"begun_utc": begun, "command": list(command), "environment": dict(environment)}
        )
        self._save()

    def add_point(self, point: SweepPoint, *, save: bool = True) -> None:
        """Add a point to the grid, and its values to the axes that do not have them yet."""
        for axis in self._document["axes"]:
            value = point.values[axis["key"]]
            if value not in axis["values"]:
                axis["values"] = [*axis["values"], value]
        self._document["points"].append(
            {name: getattr(point, name) for name in SweepPoint.__slots__}
        )
        if save:
            self._save()

    def set_capacity(self, capacity: Mapping[str, Any]) -> None:
        """Keep what a search has found so far."""
        self._document["capacity"] = dict(capacity)
        self._save()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            super().__exit__(kind, error, trace)
        finally:
            os.close(self._lock)
