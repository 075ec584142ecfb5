"""How an application is used, by its access log or by three numbers, and the scenario of that."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pushlab.analysis.forecast.sizing import Workload
from pushlab.contract.limits import MAX_MESSAGE_BYTES
from pushlab.contract.transport import Transport
from pushlab.errors import UsageError
from pushlab.lab.scenario.access_log import LoggedPolls, read_log
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.replay import MOST_CLIENTS, busiest, replaying

__all__ = ["Usage", "enough_s", "scenario_of", "usage_of"]

#: What is said: its flag, and the least and the most that makes sense.
_SAID = {
    "users": ("--users", 1.0, 1e9),
    "rate_per_s": ("--rate-per-user", 1e-6, 1e5),
    "payload_bytes": ("--payload", 1.0, float(MAX_MESSAGE_BYTES)),
}
_DELIVERIES, _LEAST_S, _MOST_S = 1_100, 10.0, 60.0
#: How many polls of each client a window sees, if they do not take longer.
_POLLS, _LONGEST_S = 3, 3600.0
_EXAMPLE = "--users 200 --rate-per-user 2/min --poll-interval 500ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How an application is used.

    Attributes:
        users: there at once, on average over the day; of a log with long pauses, less than one.
        rate_per_s: messages that each of them gets, a second.
        interval_s: from one poll to the next.
        log: what it was read from; None: it was said.
        as_logged: whether all of it is the log's, so that the log can be replayed.
    """

    users: float
    rate_per_s: float
    interval_s: float
    payload_bytes: float
    log: LoggedPolls | None = None
    as_logged: bool = False

    def workload(self) -> Workload:
        """The same for a forecast."""
        return Workload(
            clients=self.users,
            rate_per_s=self.rate_per_s,
            interval_s=self.interval_s,
            payload_bytes=self.payload_bytes,
        )


def usage_of(
    path: Path | None, said: Mapping[str, float], wire: type[Transport], plain: Scenario
) -> Usage:
    """How the application is used: what is `said` goes before its log, and that before `plain`.

    Raises:
        UsageError: the log says too little, or a value makes no sense.
    """
    log = None if path is None else read_log(path, wire)
    known = {"interval_s": plain.poll_interval_s, "payload_bytes": float(plain.payload_bytes)}
    if log is not None:
        known |= {"users": log.users, "interval_s": log.interval_s}
        if log.messages:
            payload_bytes = min(log.payload_bytes, float(MAX_MESSAGE_BYTES))
            known |= {"rate_per_s": log.rate_per_s, "payload_bytes": payload_bytes}
        elif "rate_per_s" not in said:
            why = "no answer in it has a message" if log.sized else "it has no answers' sizes"
            told = "say how many messages each user gets, such as --rate-per-user 2/min"
            raise UsageError(f"{path}: {why}; {told}")
    known |= said
    missing = [flag for name, (flag, *_) in _SAID.items() if name not in known]
    if missing:
        told = f"name an access log, or say how the application is used, such as {_EXAMPLE}"
        raise UsageError(f"{' and '.join(missing)} missing; {told}")
    for name, (flag, least, most) in _SAID.items():
        if name in said and not least <= said[name] <= most:
            told = f"must be from {least:g} to {most:,.0f}"
            raise UsageError(f"{flag}: {said[name]:g} is out of range; it {told}")
    as_logged = log is not None and bool(log.messages) and not said.keys() - {"interval_s"}
    return Usage(**known, log=log, as_logged=as_logged)


def enough_s(usage: Usage, plain: Scenario) -> float:
    """A window in which enough messages come for the slowest of a hundred, within some bounds.

    Never so short that a client hardly polls in it.
    """
    wanted_s = _DELIVERIES / (plain.trials * min(usage.users, MOST_CLIENTS) * usage.rate_per_s)
    window_s = min(max(wanted_s, _LEAST_S), _MOST_S)
    window_s = float(round(max(window_s, min(_POLLS * usage.interval_s, _LONGEST_S))))
    if usage.log is None or not usage.as_logged:
        return window_s
    return max(1.0, min(window_s, usage.log.span_s - plain.warmup_s))


def scenario_of(usage: Usage, plain: Scenario) -> Scenario:
    """`plain` with the application's work: the log's busiest stretch, or messages at random."""
    payload_bytes = round(usage.payload_bytes)
    found = plain.override(poll_interval_s=usage.interval_s, payload_bytes=payload_bytes)
    users = round(usage.users)
    if usage.as_logged and usage.log is not None:
        stretch = busiest(usage.log, found.warmup_s + found.duration_s, seed=found.seed)
        if stretch.messages:
            return replaying(found, stretch)
        users = stretch.clients
    clients = max(1, min(users, MOST_CLIENTS))
    return found.override(clients=clients, rate_per_s=usage.rate_per_s)
