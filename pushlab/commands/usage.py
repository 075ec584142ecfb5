"""How an application is used, by its access log or by three numbers, and the scenario of that."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pushlab.analysis.forecast.sizing import Workload
from pushlab.analysis.log.find import findings_of
from pushlab.analysis.log.findings import LogFindings
from pushlab.analysis.log.polls import Polls, Wanted
from pushlab.analysis.log.reader import read_log
from pushlab.analysis.log.stretch import MOST_CLIENTS, Stretch, stretch_of
from pushlab.commands.log_progress import watching
from pushlab.contract.limits import MAX_MESSAGE_BYTES
from pushlab.contract.transport import Transport
from pushlab.errors import UsageError
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.replay import replaying

__all__ = ["Log", "Usage", "enough_s", "replayed", "scenario_of", "usage_of"]

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


@dataclass(frozen=True, slots=True)
class Log:
    """An access log: what it says, and the polls in it."""

    findings: LogFindings
    polls: Polls


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
    log: Log | None = None
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
    log = None if path is None else _log(path, wire)
    known = {"interval_s": plain.poll_interval_s, "payload_bytes": float(plain.payload_bytes)}
    if log is not None:
        found = log.findings
        users = found.polls * found.interval_s / max(found.length_s, 1.0)
        known |= {"users": users, "interval_s": found.interval_s}
        if found.messages is not None:
            payload_bytes = min(found.messages.body_bytes, float(MAX_MESSAGE_BYTES))
            known |= {"rate_per_s": found.rate_per_s(1.0), "payload_bytes": payload_bytes}
        elif "rate_per_s" not in said:
            told = "say how many messages each user gets, such as --rate-per-user 2/min"
            raise UsageError(f"{path}: {_without(found)}; {told}")
    known |= said
    missing = [flag for name, (flag, *_) in _SAID.items() if name not in known]
    if missing:
        told = f"name an access log, or say how the application is used, such as {_EXAMPLE}"
        raise UsageError(f"{' and '.join(missing)} missing; {told}")
    for name, (flag, least, most) in _SAID.items():
        if name in said and not least <= said[name] <= most:
            told = f"must be from {least:g} to {most:,.0f}"
            raise UsageError(f"{flag}: {said[name]:g} is out of range; it {told}")
    has_messages = log is not None and log.findings.messages is not None
    as_logged = has_messages and not said.keys() - {"interval_s"}
    return Usage(**known, log=log, as_logged=as_logged)


def _log(path: Path, wire: type[Transport]) -> Log:
    """The polls of a transport in an access log."""
    assert wire.in_log is not None
    asked = wire.in_log
    wanted = Wanted(f"*{wire.path}", key=asked.client, query=asked.poll)
    with watching() as watch:
        reading = read_log([path], wanted, watch)
    if reading.stopped:
        raise KeyboardInterrupt
    example = (
        f"{wire.path}?{'&'.join(f'{k}={v}' for k, v in asked.poll.items())}&{asked.client}=..."
    )
    try:
        return Log(findings_of(reading, example), reading.polls)
    except UsageError as error:
        told = "without such a log say --users, --rate-per-user and --poll-interval"
        raise UsageError(f"{path}: {error}; {told}") from error


def _without(found: LogFindings) -> str:
    """Why nothing is known of messages."""
    if not found.sign.known:
        return "it has no answers' sizes"
    return "no answer in it has a message" if found.in_vain == 1 else "it has no answers' sizes"


def enough_s(usage: Usage, plain: Scenario) -> float:
    """A window in which enough messages come for the slowest of a hundred, within some bounds.

    Never so short that a client hardly polls in it.
    """
    wanted_s = _DELIVERIES / (plain.trials * min(usage.users, MOST_CLIENTS) * usage.rate_per_s)
    window_s = min(max(wanted_s, _LEAST_S), _MOST_S)
    window_s = float(round(max(window_s, min(_POLLS * usage.interval_s, _LONGEST_S))))
    if usage.log is None or not usage.as_logged:
        return window_s
    return max(1.0, min(window_s, usage.log.findings.length_s - plain.warmup_s))


def scenario_of(usage: Usage, plain: Scenario) -> Scenario:
    """`plain` with the application's work: the log's busiest stretch, or messages at random."""
    payload_bytes = round(usage.payload_bytes)
    found = plain.override(poll_interval_s=usage.interval_s, payload_bytes=payload_bytes)
    if usage.as_logged and usage.log is not None:
        made, _ = replayed(usage.log, found, busiest=True)
        if made is not None:
            return made
    clients = max(1, min(round(usage.users), MOST_CLIENTS))
    return found.override(clients=clients, rate_per_s=usage.rate_per_s)


def replayed(
    log: Log, plain: Scenario, *, busiest: bool = False, message_bytes: float | None = None
) -> tuple[Scenario | None, Stretch | None]:
    """`plain` with a stretch of the log, as long as it; None where no message is known."""
    stretch = stretch_of(
        log.polls,
        log.findings,
        plain.warmup_s + plain.duration_s,
        seed=plain.seed,
        message_bytes=message_bytes,
        busiest=busiest,
    )
    if stretch is None:
        return None, None
    warmup_s = min(plain.warmup_s, stretch.span_s / 2)
    made = replaying(
        plain.with_values({"warmup_s": warmup_s}),
        stretch.messages,
        clients=stretch.sampled,
        span_s=stretch.span_s,
    )
    return made, stretch
