"""Where things stand in a run's folder, and the one JSON document that rules it."""

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, Self

from pushlab.documents import json_data
from pushlab.errors import NewerSchema, NotWritten, RunError

__all__ = [
    "RUN_FILE",
    "SCHEMA_VERSION",
    "SWEEP_FILE",
    "FolderWriter",
    "RowsKind",
    "RunStatus",
    "folder_name",
    "is_sweep",
    "partial_file",
    "read_document",
    "rows_path",
    "summary_digest",
    "told",
    "write_document",
]

#: The version of the folder's format; see results/README.md.
SCHEMA_VERSION = 1

#: The documents that rule a run's folder and a sweep's.
RUN_FILE = "run.json"
SWEEP_FILE = "sweep.json"

#: ``running`` in a folder that nobody writes to means that the writer was killed.
RunStatus = Literal["running", "complete", "incomplete"]

RowsKind = Literal["publishes", "deliveries", "connects", "samples", "traffic", "stamps"]


def folder_name(created: datetime, name: str, short_id: str) -> str:
    """``<utc>-<name>-<short id>``, with nothing in it that a file system or a shell minds."""
    plain = re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.")[:60] or "run"
    return f"{created:%Y%m%dT%H%M%SZ}-{plain}-{short_id}"


def is_sweep(folder: Path) -> bool:
    """Whether the folder is a sweep's, and not a run's."""
    return os.path.isfile(folder / SWEEP_FILE)  # of pathlib, a name that is too long is an error


def rows_path(folder: Path, kind: str, order: int) -> Path:
    """Where the rows of the trial that ran as number `order` are; `kind` names their folder."""
    return folder / kind / f"trial-{order:03}.parquet"


def summary_digest(summary: Mapping[str, Any]) -> str:
    """What a stored summary carries, so that one that was edited is not believed."""
    told = {key: value for key, value in summary.items() if key != "digest"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def write_document(folder: Path, document: Mapping[str, Any], name: str = RUN_FILE) -> None:
    """Write the document `name` so that there is a whole one at every moment; NaN is refused."""
    text = json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False)
    # Half a letter, as of a file's name that is not UTF-8, becomes JSON's own \\udc.. of it.
    raw = f"{text}\n".encode("utf-8", "backslashreplace")
    with partial_file(folder / name) as partial, partial.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def told(error: OSError) -> str:
    """What an error of the disk says, in few words."""
    return error.strerror or (os.strerror(error.errno) if error.errno else str(error))


@contextmanager
def partial_file(path: Path) -> Iterator[Path]:
    """A name to write to, which takes the place of `path` when the body has written all of it.

    What could not be written whole is removed, as a full disk needs the room. Raises OSError.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


def read_document(path: Path, name: str = RUN_FILE) -> dict[str, Any]:
    """The document `name` of the folder `path`, as JSON of a version that this pushlab knows.

    Raises:
        NewerSchema: a newer pushlab wrote it.
        RunError: it is missing, unreadable, or no run.
    """
    file = path / name
    if os.path.isfile(path):  # of pathlib, a name that is too long is an error
        raise RunError(f"{path}: is a file; name the folder of a run")
    if not os.path.isdir(path):
        raise RunError(f"{path}: no such run folder")
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        if name == RUN_FILE and (path / SWEEP_FILE).exists():
            some = next(iter(sorted(path.glob(f"points/*/{RUN_FILE}"))), None)
            hint = f", such as {some.parent}" if some is not None else ""
            raise RunError(f"{path}: is a sweep; take one of its points{hint}") from None
        kind = "run" if name == RUN_FILE else "sweep's"
        raise RunError(f"{path}: no {kind} folder, it has no {name}") from None
    except OSError as error:
        raise RunError(f"{file}: cannot be read ({error.strerror})") from error
    document = json_data(text, str(file), RunError)
    if not isinstance(document, dict):
        raise RunError(f"{file}: must hold a JSON object")
    version = document.get("schema_version")
    if type(version) is not int or version < 1:
        raise RunError(f"{file}: schema_version must be a whole number from 1, not {version!r}")
    if version > SCHEMA_VERSION:
        raise NewerSchema(
            f"{file}: written by a newer pushlab (schema version {version}; this one reads up to"
            f" {SCHEMA_VERSION}); upgrade pushlab to read it"
        )
    return document


class FolderWriter:
    """A folder whose one document is being written; a context manager.

    It is marked ``incomplete`` when the block is left without `finish`.

    Attributes:
        path: the folder.
        id: the short random part of its name.
    """

    _file = RUN_FILE

    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        self.path = path
        self.id: str = document["id"]
        self._document = document

    @staticmethod
    def _begun(now: datetime | None, **values: Any) -> tuple[datetime, dict[str, Any]]:
        """When the folder is begun, and what every document begins with."""
        created = (now or datetime.now(UTC)).astimezone(UTC)
        return created, {
            "schema_version": SCHEMA_VERSION,
            "id": secrets.token_hex(3),
            "created_utc": f"{created:%Y-%m-%dT%H:%M:%SZ}",
            "status": "running",
            "pushlab_version": version("pushlab"),
            **values,
        }

    def finish(self, status: Literal["complete", "incomplete"] = "complete") -> Path:
        """Mark it as ended and return its folder. Raises NotWritten."""
        self._document["status"] = status
        self._save()
        return self.path

    def _save(self) -> None:
        """Put the document on the disk. Raises NotWritten."""
        try:
            write_document(self.path, self._document, self._file)
        except OSError as error:
            raise NotWritten(
                f"{self.path / self._file}: cannot be written ({told(error)}); it says"
                " what it said before"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if self._document["status"] == "running":
                self.finish("incomplete")
        except NotWritten:
            if error is None:  # else the first error is the one to tell of
                raise
