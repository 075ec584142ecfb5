"""Writing a run: a folder that holds, at every moment, all that has been measured so far.

Each trial's rows go to files of their own, complete before ``run.json`` names the trial, and every
file appears by a rename. A run that is killed leaves the trials that had ended, readable.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from pushlab.errors import NotWritten, RunError, UsageError
from pushlab.runs.batches import Rows, write_batches
from pushlab.runs.layout import (
    FolderWriter,
    folder_name,
    read_document,
    rows_path,
    summary_digest,
    told,
    write_document,
)
from pushlab.runs.records import TrialRecord
from pushlab.runs.rows import SCHEMAS

__all__ = ["RunWriter", "write_summary", "write_until"]


class RunWriter(FolderWriter):
    """One run being written; make it with `create`."""

    @classmethod
    def create(
        cls,
        root: Path,
        *,
        scenario: Mapping[str, Any],
        cells: Sequence[str],
        environment: Mapping[str, Any],
        command: Sequence[str],
        seed: int,
        now: datetime | None = None,
        folder: str | None = None,
    ) -> "RunWriter":
        """Begin a run: make ``root/<utc>-<scenario>-<short id>/`` and its ``run.json``.

        Args:
            scenario: as resolved, in plain JSON values; ``name`` goes into the folder's name.
            cells: the labels of all transport settings that shall be measured, in the order in
                which tables and charts show them.
            environment: what METHOD asks of a run; see results/README.md for the keys.
            command: the command line, with no secret in it.
            now: the time of creation; the present if None.
            folder: the folder's name, in place of the one above.

        Raises:
            UsageError: two cells have the same label, or there is none.
            RunError: the folder cannot be made.
        """
        if not cells or len(set(cells)) != len(cells):
            raise UsageError(f"a run needs cells with different labels, not {list(cells)}")
        created, document = cls._begun(
            now,
            command=list(command),
            seed=seed,
            scenario=dict(scenario),
            environment=dict(environment),
            cells=list(cells),
            profiles={},
            trials=[],
            summary=None,
        )
        name = folder_name(created, str(scenario.get("name", "run")), document["id"])
        path = Path(root) / (folder or name)
        try:
            for inner in (*SCHEMAS, "charts"):
                (path / inner).mkdir(parents=True, exist_ok=folder is not None)
            write_document(path, document)
        except OSError as error:
            raise RunError(f"{path}: the run's folder cannot be made ({error.strerror})") from error
        return cls(path, document)

    @classmethod
    def reopen(cls, path: Path) -> "RunWriter":
        """Go on with a run: trials that were interrupted are dropped, and the old summary too.

        Raises:
            RunError: there is no readable run.
        """
        document = read_document(path)
        trials = [trial for trial in document["trials"] if trial["status"] != "interrupted"]
        writer = cls(path, {**document, "status": "running", "trials": trials, "summary": None})
        writer._save()
        return writer

    def add_verified(self, verified: Mapping[str, Any]) -> None:
        """Write down what servers of other makes keep of the contract. Raises NotWritten.

        Args:
            verified: by a cell's label, by the clause's name: ``verdict`` and what was ``said``.
        """
        self._document = {**self._document, "verified": dict(verified)}
        self._save()

    def add_trial(self, record: TrialRecord, **rows: Rows | None) -> None:
        """Keep one trial, whatever became of it; when this returns, it is on disk.

        Args:
            rows: by their kind, the columns of its schema in `SCHEMAS` without ``cell`` and
                ``trial``, as numpy arrays, lists or a pyarrow table; 0 or None where something did
                not happen. Or pieces of them, in order, such as an iterator of pyarrow's batches:
                of these no more than a group of the file is ever in memory. None: no rows.

        Raises:
            UsageError: the cell is not one of the run's, the trial is there already, or the rows
                do not fit their schema.
            NotWritten: the disk does not take it; what was there before is there.
        """
        if unknown := rows.keys() - SCHEMAS.keys():
            raise UsageError(f"a run has no rows of {sorted(unknown)}")
        if record.cell not in self._document["cells"]:
            raise UsageError(f"{record.cell!r} is not a cell of this run")
        for other in self._document["trials"]:
            if record.order == other["order"] or (record.cell, record.index) == (
                other["cell"],
                other["index"],
            ):
                raise UsageError(f"trial {record.index} of {record.cell!r} is written already")
        before = self._document
        added = {**before, "trials": [*before["trials"], record.to_json()]}
        if record.profile.name:
            added["profiles"] = {
                **before.get("profiles", {}),
                record.cell: record.profile.to_json(),
            }
        files = {kind: rows_path(self.path, kind, record.order) for kind in SCHEMAS}
        try:
            for kind, schema in SCHEMAS.items():
                found = rows.get(kind)
                write_batches(schema, files[kind], found, cell=record.cell, trial=record.index)
            write_document(self.path, added)
        except BaseException as error:
            _remove(files.values())
            if not isinstance(error, OSError):
                raise
            count = len(before["trials"])
            rest = "what was before it is kept" if count else "there was none before it"
            if not self.path.is_dir():
                rest = "the folder is gone, and what was in it"
            raise NotWritten(
                f"{self.path}: trial {record.order + 1} ({record.cell}) cannot be written"
                f" ({told(error)}); {rest}"
            ) from error
        self._document = added


def _remove(files: Iterable[Path]) -> None:
    """Remove files that no document names; and a full disk needs the room."""
    for file in files:
        with suppress(OSError):
            file.unlink()


def write_summary(path: Path, summary: Mapping[str, Any]) -> None:
    """Put `summary` into the ``run.json`` of the run at `path`, and change nothing else.

    Raises:
        RunError: there is no readable run.
        NotWritten: the disk does not take it.
    """
    _write_key(path, "summary", {**summary, "digest": summary_digest(summary)})


def write_until(path: Path, until: Mapping[str, Any]) -> None:
    """Write down what became of a run that went on until figures were known; raises as above."""
    _write_key(path, "until", until)


def _write_key(path: Path, key: str, value: Mapping[str, Any]) -> None:
    try:
        write_document(path, {**read_document(path), key: value})
    except OSError as error:
        raise NotWritten(
            f"{path}: the run's {key!r} cannot be written ({told(error)}); all rows are there"
        ) from error
