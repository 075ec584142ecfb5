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
from pushlab.runs.placed import placed_words
from pushlab.runs.records import HUB

__all__ = ["RunHead"]

#: Keys by their types, those that must be there and those that may be.
_NEEDED: Mapping[type, str] = {
    str: "id created_utc status pushlab_version",
    list: "command cells trials",
    dict: "scenario environment",
    int: "seed",
}
_OPTIONAL: Mapping[type, str] = {dict: "summary profiles until verified"}
#: What is read of a scenario; older runs and runs of others' making may lack some.
_SCENARIO: Mapping[type, str] = {
    str: "name title description",
    int: "clients channel_count payload_bytes trials",
    float: "rate_per_s duration_s",
    bool: "tls",
    dict: "link",
    list: "transports",
}


@dataclass(frozen=True, slots=True)
class RunHead:
    """A run on disk, its trials not read yet.

    Attributes:
        cells: the labels of the transport settings, in the order for tables and charts; a cell
            that has no trial did not come to its turn.
        until: what became of a run that went on until figures were known: `said`, in words;
            whether they were (`known`); after how many `repetitions` and `looks`. None of others.
        verified: what servers of other makes keep of the contract, as `pushlab verify` has it: by
            a cell's label, by the clause's name, ``verdict`` and what was ``said``. Empty where
            nobody looked.
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
    until: Mapping[str, Any] | None
    verified: Mapping[str, Mapping[str, Mapping[str, str]]]
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
        for key in " ".join(_NEEDED.values()).split():
            if key not in document:
                raise RunError(f"{file}: has no {key!r}")
        _check_all(document, _NEEDED, f"{file}: ")
        _check_all(document, _OPTIONAL, f"{file}: ", may_be_none=True)
        for i, trial in enumerate(document["trials"]):
            _check(trial, dict, f"{file}: trials[{i}]")
            _check(trial.get("order"), int, f"{file}: trials[{i}].order")
        if document["status"] not in get_args(RunStatus):
            raise RunError(f"{file}: unknown status {document['status']!r}")
        if not all(type(cell) is str for cell in document["cells"]):
            raise RunError(f"{file}: 'cells' must hold text alone")
        scenario = document["scenario"]
        _check_all(scenario, _SCENARIO, f"{file}: scenario.")
        for key, value in scenario.get("link", {}).items():
            _check(value, float, f"{file}: scenario.link.{key}")
        for i, cell in enumerate(scenario.get("transports", ())):
            _check(cell, dict, f"{file}: scenario.transports[{i}]")
        given = {**document, "path": path, "summary": _believed(document.get("summary"))}
        given["until"] = document.get("until")
        given["verified"] = document.get("verified") or {}
        _check_verified(given["verified"], f"{file}: verified")
        given["stored_trials"] = document["trials"]
        given["stored_profiles"] = document.get("profiles") or {}
        return cls(**{one.name: given[one.name] for one in fields(RunHead)}, **cls._typed(given))

    @property
    def versions(self) -> dict[str, str]:
        """Of each server that tells one, what was installed; of the hub, what wrote the run."""
        return {HUB: f"pushlab {self.pushlab_version}", **self._of_systems("systems")}

    @property
    def titles(self) -> dict[str, str]:
        """How charts name servers, where that is another word than their names."""
        return self._of_systems("titles")

    def _of_systems(self, key: str) -> dict[str, str]:
        told = self.environment.get(key)
        known = told if isinstance(told, Mapping) else {}
        return {name: text for name, text in known.items() if isinstance(text, str)}

    @property
    def placed(self) -> list[str]:
        """Who ran where, in words; empty: all on one machine."""
        return placed_words(self.stored_trials)

    @property
    def repetitions(self) -> int:
        """How often each cell had its turn: as often as was asked for, or until all was known."""
        decided = (self.until or {}).get("repetitions")
        return decided if isinstance(decided, int) else int(self.scenario.get("trials", 1))

    @property
    def looks(self) -> int:
        """How often it was decided by intervals whether to go on; 0 where it never was."""
        found = (self.until or {}).get("looks")
        return found if isinstance(found, int) else 0

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


def _check_verified(verified: Mapping[str, Any], where: str) -> None:
    for cell, clauses in verified.items():
        _check(clauses, dict, f"{where}.{cell}")
        for name, seen in clauses.items():
            _check(seen, dict, f"{where}.{cell}.{name}")
            for key in ("verdict", "said"):
                _check(seen.get(key), str, f"{where}.{cell}.{name}.{key}")


def _check_all(
    data: Mapping[str, Any], kinds: Mapping[type, str], where: str, *, may_be_none: bool = False
) -> None:
    for kind, keys in kinds.items():
        for key in keys.split():
            if key in data and not (may_be_none and data[key] is None):
                _check(data[key], kind, f"{where}{key}")


def _check(value: object, kind: type, where: str) -> None:
    if type(value) is not kind and not (kind is float and type(value) is int):
        raise RunError(f"{where} must be {kind.__name__}, not {type(value).__name__}")
