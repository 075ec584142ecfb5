"""A race of polling rules without a server: clients and messages on paper, in virtual time.

Where no server can start, as in a browser's tab, a student's rule is raced all the same. There is
no network in it and no slow computer: only who asks when, and who writes when. Every rule meets the
same messages and the same clients, who begin at the same moments. A trial is at least four minutes
long, which costs nothing here, so that a rule gains nothing by asking just before or after it.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from pushlab.charts.palette import OTHERS
from pushlab.contract.registry import profile_of
from pushlab.course.measured import Figures, Measurement, Row, Work
from pushlab.course.polling_kit import PollingTransport
from pushlab.course.same_rule import CLOCK
from pushlab.course.trouble import CourseError

__all__ = ["HOW", "race_on_paper"]

HOW = "Raced without a server, in virtual time: no network, no slow computer, only who asks when."
_LEAST_S, _MOST_S = 0.001, 60.0
_LEAST_PART = 0.02  # of the usual wait
_TRIAL_S = 240.0
_SEED = 1


def race_on_paper(
    kinds: Mapping[str, Any],
    *,
    clients: int = 100,
    interval_s: float = 1.0,
    rate_per_s: float = 0.5,
    duration_s: float = _TRIAL_S,
    room_size: int = 10,
    trials: int = 5,
    arrivals: str = "poisson",
    burst_size: int = 8,
    burst_gap_s: float = 0.0,
) -> Measurement:
    """Race rules of polling against each other, and against the clock.

    Args:
        kinds: by their labels, classes with `next_wait_s`, or the name of polling by the clock.
        clients and the rest: as `measure` takes them.

    Raises:
        CourseError: a rule says something that is no time.
    """
    _check(clients, interval_s, rate_per_s, room_size, trials, arrivals, burst_size)
    duration_s = max(duration_s, _TRIAL_S)
    each = min(room_size or clients, clients)
    rooms = max(1, clients // each)
    work = Work(
        clients=clients,
        rooms=rooms,
        per_room=each,
        rate_per_s=rate_per_s,
        duration_s=duration_s,
        trials=trials,
        arrivals=arrivals,
        machine="nobody's machine",
    )
    rows = []
    for number, (label, kind) in enumerate(kinds.items()):
        waits, asked = [], []
        for trial in range(trials):
            chance = Random(f"{_SEED}/{trial}")
            came: list[float] = []
            count = 0
            for _ in range(rooms):
                burst = burst_size if arrivals == "burst" else 1
                written = _written(chance, rate_per_s, duration_s, arrivals, burst, burst_gap_s)
                for _ in range(each):
                    first = -chance.random() * interval_s
                    some, asks = _client(_rule(kind), written, first, interval_s, duration_s)
                    came.extend(some)
                    count += asks
            waits.append(came)
            asked.append(count / duration_s)
        rows.append(_row(label, kind, number, waits, asked, interval_s))
    return Measurement(work, rows, here=True)


def _check(
    clients: int,
    interval_s: float,
    rate_per_s: float,
    room_size: int,
    trials: int,
    arrivals: str,
    burst_size: int,
) -> None:
    """Raise CourseError for what cannot be, or would take a tab for ever."""
    asked: Mapping[str, tuple[float, float, float]] = {
        "clients": (clients, 1, 1000),
        "interval_s": (interval_s, 0.01, 60.0),
        "rate_per_s": (rate_per_s, 0.001, 100.0),
        "room_size": (room_size, 0, 1000),
        "trials": (trials, 1, 20),
        "burst_size": (burst_size, 1, 1000),
    }
    for name, (value, least, most) in asked.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise CourseError(f"{name} is {value!r}; it must be a number")
        if not least <= value <= most:
            raise CourseError(
                f"{name} is {value:g}; a race without a server takes {least:g} to {most:g}"
            )
    if arrivals not in ("poisson", "constant", "burst"):
        raise CourseError(f"arrivals is {arrivals!r}; it must be poisson, constant or burst")


def _written(
    chance: Random, rate_per_s: float, duration_s: float, arrivals: str, burst: int, gap_s: float
) -> list[float]:
    """When a room's messages are written."""
    step_s, at = burst / rate_per_s, 0.0
    found: list[float] = []
    if arrivals == "constant":
        at = chance.random() * step_s - step_s
    while True:
        at += step_s if arrivals == "constant" else chance.expovariate(1 / step_s)
        if at >= duration_s:
            break
        found.extend(at + number * gap_s for number in range(burst))
    return sorted(moment for moment in found if moment < duration_s)


def _client(
    rule: Any, written: Sequence[float], first: float, usual_s: float, duration_s: float
) -> tuple[list[float], int]:
    """How long each message waited for one client, and how often the client asked meanwhile."""
    now, last_s, got, asks = first, usual_s, 0, 0
    waited: list[float] = []
    while now < duration_s or got < len(written):
        asks += 0 <= now < duration_s
        found = 0
        while got < len(written) and written[got] <= now:
            waited.append(now - written[got])
            got, found = got + 1, found + 1
        told = rule(last_s, found, usual_s)
        try:
            last_s = min(_MOST_S, max(_LEAST_S, _LEAST_PART * usual_s, float(told)))
        except (TypeError, ValueError) as error:
            raise CourseError(
                f"`next_wait_s` says {told!r}; it must say how many seconds to wait"
            ) from error
        now += last_s
    return waited, asks


def _rule(kind: Any) -> Any:
    """What says how long to wait next; a rule that remembers begins anew for each client."""
    if kind == CLOCK:
        return lambda last_s, found, usual_s: usual_s
    if isinstance(kind, type) and issubclass(kind, PollingTransport):
        return kind().next_wait_s
    raise CourseError(f"{kind!r} needs a server to be raced; without one, only polling rules race")


def _row(
    label: str,
    kind: Any,
    number: int,
    waits: Sequence[Sequence[float]],
    asked: Sequence[float],
    interval_s: float,
) -> Row:
    every = sorted(wait for trial in waits for wait in trial)
    if not every:
        raise CourseError("nobody wrote a message in this race; set duration_s higher")
    mean_s, requests = sum(every) / len(every), sum(asked) / len(asked)
    clock = kind == CLOCK
    profile = profile_of(CLOCK) if clock else kind.profile
    named = {} if not all(waits) else {"waiting_s": tuple(sum(w) / len(w) for w in waits)}
    return Row(
        cell=label,
        name=profile.title if clock else label,
        short=profile.title if clock else label,
        transport=label,
        colour=profile.colour if clock else OTHERS[number % len(OTHERS)],
        options={"interval_s": interval_s},
        pushes=False,
        figures=Figures(
            name=label,
            waiting_s=mean_s,
            worst_s=every[-1],
            requests_per_s=requests,
            requests_per_message=requests * len(waits) / len(every),
            wasted=None,
            bytes_per_message=0.0,
            cpu_ms_per_message=0.0,
            deliveries=len(every),
            lost=0,
            median_s=every[len(every) // 2],
        ),
        by_trial={**named, "requests_per_s": tuple(asked)},
        samples_s=tuple(every[:: max(1, len(every) // 900)]),
    )
