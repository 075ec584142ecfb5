"""The load that `cost`, `energy` and `predict` are asked about, where no run has measured it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pushlab.analysis.forecast.sizing import Workload
from pushlab.analysis.log.findings import LogFindings
from pushlab.contract.limits import MAX_MESSAGE_BYTES
from pushlab.errors import UsageError

__all__ = ["logged", "refuse_beside_run", "workload"]

_FLAGS = {
    "clients": "--clients",
    "rate_per_s": "--rate-per-client",
    "interval_s": "--poll-interval",
    "payload_bytes": "--payload",
}
_NEEDED = {"clients": "--clients 1e6", "rate_per_s": "--rate-per-client 1/min"}


def refuse_beside_run(given: Sequence[str], *allowed: str) -> None:
    """Raise UsageError if a flag of a load was given beside a run, but for those allowed."""
    for flag in given:
        if flag not in allowed:
            raise UsageError(f"{flag} does not go with a run: the run has measured it")


def logged(
    findings: LogFindings, load: Mapping[str, Any], given: Sequence[str]
) -> Mapping[str, Any]:
    """`load` with what a log says, but for the flags that were given; at its likely rate.

    Raises:
        UsageError: the log does not tell how many messages there were, and no flag does.
    """
    _, rate_per_s, _ = findings.rates_per_s
    own: dict[str, Any] = {
        "clients": float(max(1, round(findings.clients))),
        "interval_s": findings.interval_s,
    }
    if findings.messages is not None:
        size = findings.messages.payload_bytes(findings.messages.likely)
        own |= {"rate_per_s": rate_per_s, "payload_bytes": min(size, float(MAX_MESSAGE_BYTES))}
    elif "--rate-per-client" not in given:
        told = "say how many messages each client gets, such as --rate-per-client 1/min"
        raise UsageError(f"the log does not tell how many messages there were; {told}")
    return {**load, **{key: value for key, value in own.items() if _FLAGS[key] not in given}}


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
