"""The load that `cost`, `energy` and `predict` are asked about, where no run has measured it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pushlab.analysis.forecast.sizing import Workload
from pushlab.errors import UsageError

__all__ = ["refuse_beside_run", "workload"]

_NEEDED = {"clients": "--clients 1e6", "rate_per_s": "--rate-per-client 1/min"}


def refuse_beside_run(given: Sequence[str], *allowed: str) -> None:
    """Raise UsageError if a flag of a load was given beside a run, but for those allowed."""
    for flag in given:
        if flag not in allowed:
            raise UsageError(f"{flag} does not go with a run: the run has measured it")


def workload(load: Mapping[str, Any]) -> Workload:
    """The load of which the flags have said `load`.

    Raises:
        UsageError: what it needs is missing, or a value makes no sense; the text names the flag.
    """
    missing = [example for name, example in _NEEDED.items() if name not in load]
    if missing:
        flags = " and ".join(example.split()[0] for example in missing)
        told = f"say how much each client gets, such as {' '.join(missing)}"
        raise UsageError(f"{flags} missing; without a run, {told}")
    found = Workload(**load)
    if not 0 <= found.headroom < 1:
        raise UsageError(f"--headroom is {found.headroom:g}; it must be at least 0 and below 1")
    return found
