"""What stands at the top of ``run.json``, read without any library: enough to show what is cached.

Whatever is wrong with a folder is told in one line that names the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self, get_args

from pushlab.errors import RunError
from pushlab.runs.layout import RUN_FILE, RunStatus, read_document, summary_digest
from pushlab.runs.link import Link, network_in_words

__all__ = ["RunHead"]

_KINDS: Mapping[str, type] = {
    "id": str,
    "created_utc": str,
    "status": str,
    "pushlab_version": str,
    "command": list,
    "seed": int,
    "scenario": dict,
    "environment": dict,
    "cells": list,
    "trials": list,
}
_OPTIONAL: Mapping[str, type] = {"summary": dict, "profiles": dict}
#: What is read of a scenario; older runs and runs of others' making may lack some.
_SCENARIO: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "title": str,
    "description": str,
    "clients": int,
    "channel_count": int,
    "payload_bytes": int,
    "trials": int,
    "rate_per_s": (int, float),
    "duration_s": (int, float),
    "tls": bool,
    "link": dict,
    "transports": list,
}


@dataclass(frozen=True, slots=True)
class RunHead:
    """A run on disk, its trials not read yet.

    Attributes:
        cells: the labels of the transport settings, in the order for tables and charts; a cell
            that has no trial did not come to its turn.
        stored_trials, stored_profiles: as JSON has them, unchecked.
        summary: what was stored of the analysis; None if it has not been analysed, or somebody has
            edited that. `pushlab.analysis.summary.stored.summary_of` is to be believed.
    """

    path: Path
    id: str
    created_utc: str
    status: RunStatus
    pushlab_version: str
    command: Sequence[str]
    seed: int
    scenario: Mapping[str, Any]
    environment: Mapping[str, Any]
    cells: Sequence[str]
    stored_trials: Sequence[Any]
    stored_profiles: Mapping[str, Any]
    summary: Mapping[str, Any] | None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the run in the folder `path`; its rows are not read yet.

        Raises:
            NewerSchema: a newer pushlab wrote it.
            RunError: it is missing, damaged, or lacks something; the text names the file.
        """
        path = Path(path)
        document = read_document(path)
        file = path / RUN_FILE
        for key, kind in _KINDS.items():
            if key not in document:
                raise RunError(f"{file}: has no {key!r}")
            _check(document[key], kind, f"{file}: {key!r}")
        for key, kind in _OPTIONAL.items():
            if document.get(key) is not None:
                _check(document[key], kind, f"{file}: {key!r}")
        for i, trial in enumerate(document["trials"]):
            _check(trial, dict, f"{file}: trials[{i}]")
            _check(trial.get("order"), int, f"{file}: trials[{i}].order")
        if document["status"] not in get_args(RunStatus):
            raise RunError(f"{file}: unknown status {document['status']!r}")
        if not all(type(cell) is str for cell in document["cells"]):
            raise RunError(f"{file}: 'cells' must hold text alone")
        for key, value in document["scenario"].items():
            if key in _SCENARIO:
                _check(value, _SCENARIO[key], f"{file}: scenario.{key}")
        for key, value in document["scenario"].get("link", {}).items():
            _check(value, (int, float), f"{file}: scenario.link.{key}")
        if not all(isinstance(one, dict) for one in document["scenario"].get("transports", ())):
            raise RunError(f"{file}: scenario.transports must hold objects alone")
        given = {**document, "path": path, "summary": _believed(document.get("summary"))}
        given["stored_trials"] = document["trials"]
        given["stored_profiles"] = document.get("profiles") or {}
        return cls(**{one.name: given[one.name] for one in fields(RunHead)}, **cls._typed(given))

    @property
    def network(self) -> str:
        """The link and the encryption, in words; empty for plain loopback."""
        link = self.scenario.get("link") or {}
        known = {one.name: link[one.name] for one in fields(Link) if one.name in link}
        return network_in_words(Link(**known), tls=self.scenario.get("tls", False))

    @classmethod
    def _typed(cls, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The further attributes of a class that has more."""
        return {}


def _believed(summary: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A stored summary, unless somebody has edited it."""
    if summary and summary.get("digest", digest := summary_digest(summary)) != digest:
        return None
    return summary


def _check(value: object, kind: type | tuple[type, ...], where: str) -> None:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if type(value) not in kinds:
        raise RunError(f"{where} must be {' or '.join(one.__name__ for one in kinds)}")
