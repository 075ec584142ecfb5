"""What the transport of each cell was: as its run stored it.

Runs of pushlab before it stored profiles have none. They get the installed transport's, with the
options that the run did store: all timers that their figures depend on are among those. A plug-in
that is not installed, or has other options now, has only its name.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pushlab.contract.profile import Profile
from pushlab.contract.registry import profile_of
from pushlab.errors import PushlabError, RunError
from pushlab.runs.records import TrialRecord, decode

__all__ = ["read_profiles"]

_FLOOR = Profile(name="null", title="Harness floor", delivery="stream")


def read_profiles(
    document: Mapping[str, Any], cells: Sequence[str], trials: Sequence[TrialRecord], where: str
) -> dict[str, Profile]:
    """The profile of every cell of the run that ``run.json`` holds.

    Raises:
        RunError: a stored one is damaged; the text begins with `where`.
    """
    stored = document.get("profiles", {})
    if not isinstance(stored, Mapping):
        raise RunError(f"{where} must be an object")
    return {
        cell: decode(Profile, stored[cell], f"{where}.{cell}")
        if cell in stored
        else _today(document, cell, [trial for trial in trials if trial.cell == cell])
        for cell in cells
    }


def _today(document: Mapping[str, Any], cell: str, trials: Sequence[TrialRecord]) -> Profile:
    """The profile of a cell for which none is stored: it is of an older run, or never began."""
    if trials and trials[0].floor:
        return _FLOOR
    name, options = cell, {}
    match document.get("scenario"):
        case {"transports": [*wanted]}:
            for one in wanted:
                match one:
                    case {"label": label, "transport": str(), "options": dict()} if label == cell:
                        name, options = one["transport"], one["options"]
    if trials:
        name, options = trials[0].transport, trials[0].options
    try:
        return profile_of(name, options)
    except PushlabError:
        return Profile(name=name, title=name)
