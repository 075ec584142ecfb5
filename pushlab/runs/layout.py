"""Where things stand in a run's folder, and the one JSON document that rules it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pushlab.errors import NewerSchema, RunError

__all__ = ["SCHEMA_VERSION", "RunStatus", "read_document", "rows_path", "write_document"]

#: The version of the folder's format; see results/README.md.
SCHEMA_VERSION = 1

#: ``running`` in a folder that nobody writes to means that the writer was killed.
RunStatus = Literal["running", "complete", "incomplete"]


def rows_path(folder: Path, kind: Literal["publishes", "deliveries"], order: int) -> Path:
    """Where the rows of the trial that ran as number `order` are."""
    return folder / kind / f"trial-{order:03}.parquet"


def write_document(folder: Path, document: Mapping[str, Any]) -> None:
    """Write ``run.json`` so that there is a whole one at every moment; NaN is refused."""
    text = json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False)
    partial = folder / "run.json.partial"
    with partial.open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / "run.json")


def read_document(path: Path) -> dict[str, Any]:
    """The ``run.json`` of the run at `path`, as JSON of a version that this pushlab knows.

    Raises:
        NewerSchema: a newer pushlab wrote it.
        RunError: it is missing, unreadable, or no run.
    """
    file = path / "run.json"
    if not path.is_dir():
        raise RunError(f"{path}: no such run folder")
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(f"{path}: no run folder, it has no run.json") from None
    except OSError as error:
        raise RunError(f"{file}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # bad JSON, or bytes that are not UTF-8
        raise RunError(f"{file}: damaged or cut off, not JSON ({error})") from error
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
