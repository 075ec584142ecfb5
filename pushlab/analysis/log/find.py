"""From the tallies of a reading to what the log says."""

import datetime
import math
from collections import defaultdict
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from pushlab.analysis.log.findings import HourOfLog, LogFindings
from pushlab.analysis.log.messages import messages_of
from pushlab.analysis.log.polls import LARGE, Hour, Minute, Polls
from pushlab.analysis.log.reader import Reading
from pushlab.analysis.log.signs import Sign, sign_of
from pushlab.errors import UsageError

__all__ = ["findings_of"]

_PAUSE_MINUTES = 5
_LEAST_GAPS = 3  #: of a client, to say how often it asks
_SHARED = 0.6  #: who asks in less of the usual time is several
_KNOWN = "nginx's and Apache's combined or JSON, Caddy, ALB, CloudFront, IIS"
_Asked = tuple[float, float, float, int]


def findings_of(
    reading: Reading,
    path: str,
    *,
    empty: tuple[int, int] | None = None,
    message_bytes: float | None = None,
) -> LogFindings:
    """What a log says.

    Args:
        path: which requests are polls, as the user said it.
        empty: the sizes of an answer that brings nothing, if they are known.
        message_bytes: the size of a message, if it is known.

    Raises:
        UsageError: too little; the text says what would be right, and quotes no line.
    """
    polls = reading.polls
    answered = sum(hour.answered for hour in polls.hours.values())
    _check(reading, path, answered)
    interval_s, low_s, high_s, shared = _interval(polls)
    spans = _spans(polls.minutes, max(_PAUSE_MINUTES, 3 * interval_s / 60))
    second_s = 1.0 if polls.whole_seconds else 0.0  # a log of whole ones ends within one
    span_s = sum(last - first + second_s for first, last in spans if last > first) or 1.0
    busiest = max(minute.polls for minute in polls.minutes.values())
    busiest_per_s = max(answered / span_s, busiest / min(60.0, span_s))
    sign = sign_of(polls.hours.values(), with_heads=reading.with_heads, said=empty)
    sizes = _Sizes(polls.hours, sign) if sign.known else None
    messages = None
    if sizes is not None and sizes.useful and sizes.useful_bytes is not None:
        messages = messages_of(sizes, message_bytes)
    wire_bytes = sum(hour.wire_bytes for hour in polls.hours.values())
    sized = wire_bytes > 0 or sizes is None or sizes.useful == 0
    spans_s = _hours_s(polls.minutes, second_s)
    return LogFindings(
        **_read(reading),
        path=path,
        polls=answered,
        pauses=len(spans) - 1,
        span_s=span_s,
        polls_per_s=answered / span_s,
        busiest_per_s=busiest_per_s,
        interval_s=interval_s,
        interval_low_s=low_s,
        interval_high_s=high_s,
        shared=shared,
        clients=answered / span_s * interval_s,
        busiest=busiest_per_s * interval_s,
        sign=sign,
        in_vain=None if sizes is None else sizes.empty / answered,
        empty_bytes=None if sizes is None else sizes.empty_bytes,
        useful_bytes=None if sizes is None else sizes.useful_bytes,
        bytes_each=wire_bytes / answered if sized else None,
        wire_bytes=wire_bytes,
        messages=messages,
        hours=tuple(
            _hour(number, hour, sign, interval_s / spans_s[number])
            for number, hour in sorted(polls.hours.items())
        ),
    )


def _read(reading: Reading) -> dict[str, Any]:
    """The fields that are the reading's own."""
    polls, dated = reading.polls, partial(datetime.datetime.fromtimestamp, tz=datetime.UTC)
    return {
        "files": reading.files,
        "lines": reading.lines,
        "broken": reading.broken,
        "layouts": dict(reading.layouts),
        "requests": polls.requests,
        "refused": sum(hour.refused for hour in polls.hours.values()),
        "without_key": polls.without_key,
        "backwards": polls.backwards,
        "troubles": tuple(reading.troubles),
        "stopped": reading.stopped,
        "begins": f"{dated(polls.first_s):%Y-%m-%dT%H:%M:%SZ}",
        "ends": f"{dated(polls.last_s):%Y-%m-%dT%H:%M:%SZ}",
        "length_s": polls.last_s - polls.first_s + (1.0 if polls.whole_seconds else 0.0),
        "seen": polls.clients,
        "with_heads": reading.with_heads,
    }


def _check(reading: Reading, path: str, answered: int) -> None:
    """Raise UsageError unless something can be learnt."""
    told = _too_little(reading, path, answered)
    if told is not None:
        files = "the log" if reading.files == 1 else f"{reading.files} files"
        if reading.stopped:
            files += f": stopped after {reading.lines:,} lines"
        troubles = "".join(f"; {one}" for one in reading.troubles)
        raise UsageError(f"{files}: {told}{troubles}")


def _too_little(reading: Reading, path: str, answered: int) -> str | None:
    """What is missing; None: nothing is."""
    polls = reading.polls
    if not reading.lines:
        return "there is no line; give an access log with polls"
    if not polls.requests:
        return f"none of {reading.lines:,} lines is a request in a known layout ({_KNOWN})"
    if polls.without_key and not answered:
        return f"{polls.without_key:,} polls without the parameter that tells clients apart"
    if not answered:
        refused = sum(hour.refused for hour in polls.hours.values())
        more = f", and {refused:,} that match were refused" if refused else ""
        return (
            f"none of {polls.requests:,} requests is an answered poll of {path}{more}; say which"
            " requests are polls, with * for anything, such as --path '/api/poll*'"
        )
    counts, sums_s = polls.gaps()
    if not counts.sum() or not sums_s.sum():
        told = "and no client polls twice, so nothing is known of how often; give a longer log"
        return f"{answered:,} polls, {told}"
    return None


def _interval(polls: Polls) -> _Asked:
    """From poll to poll: on average, the clients' middle half; and how many are several."""
    counts, sums_s = polls.gaps()
    known = counts >= min(_LEAST_GAPS, int(counts.max()))
    means_s = np.abs(sums_s[known]) / counts[known]
    low_s, usual_s, high_s = np.percentile(means_s, (25, 50, 75))
    alone = means_s >= _SHARED * usual_s
    total = np.abs(sums_s[known][alone]).sum() / counts[known][alone].sum()
    return float(total), float(low_s), float(high_s), int((~alone).sum())


def _spans(minutes: dict[int, Minute], pause: float) -> list[tuple[float, float]]:
    """The spans of time in which polls came, with pauses of more than so many minutes between."""
    found: list[tuple[float, float]] = []
    before = -math.inf
    for number in sorted(minutes):
        minute = minutes[number]
        if number - before > pause:
            found.append((minute.first_s, minute.last_s))
        else:
            found[-1] = (found[-1][0], max(found[-1][1], minute.last_s))
        before = number
    return found


class _Sizes:
    """Sums over all answers, those in vain and the others apart."""

    def __init__(self, hours: dict[int, Hour], sign: Sign) -> None:
        self.answered = sum(hour.answered for hour in hours.values())
        self.empty = sum(sign.empty(hour) for hour in hours.values())
        self.useful = self.answered - self.empty
        self.sizes: npt.NDArray[np.int64] = np.zeros(LARGE, np.int64)
        for hour in hours.values():
            self.sizes += hour.sizes
        self.large = sum(hour.large for hour in hours.values())
        wire_bytes = sum(hour.wire_bytes for hour in hours.values())
        brought_none = sum(hour.status_bytes for hour in hours.values()) if sign.statuses else 0.0
        if sign.least_bytes is not None and sign.most_bytes is not None:
            each = np.arange(sign.least_bytes, sign.most_bytes + 1)
            counts = self.sizes[sign.least_bytes : sign.most_bytes + 1].copy()
            self.sizes[sign.least_bytes : sign.most_bytes + 1] = 0
            brought_none += float((each * counts).sum())
        self.empty_bytes = brought_none / self.empty if self.empty else 0.0
        sized = wire_bytes > 0 and self.useful
        self.useful_bytes = (wire_bytes - brought_none) / self.useful if sized else None


def _hours_s(minutes: dict[int, Minute], second_s: float) -> dict[int, float]:
    """Of each hour how long polls came, from the first to the last; at least a second."""
    found: dict[int, tuple[float, float]] = {}
    for number, minute in minutes.items():
        first_s, last_s = found.get(number // 60, (math.inf, -math.inf))
        found[number // 60] = min(first_s, minute.first_s), max(last_s, minute.last_s)
    spans = {number: last_s - first_s + second_s for number, (first_s, last_s) in found.items()}
    return defaultdict(lambda: 1.0, {number: max(1.0, each) for number, each in spans.items()})


def _hour(number: int, hour: Hour, sign: Sign, each: float) -> HourOfLog:
    """An hour; `each`: of its polls, so many clients at once it takes."""
    begins = datetime.datetime.fromtimestamp(number * 3600, tz=datetime.UTC)
    answered = hour.answered
    return HourOfLog(
        begins=f"{begins:%Y-%m-%dT%H:%MZ}",
        polls=answered,
        refused=hour.refused,
        in_vain=sign.empty(hour) / answered if sign.known and answered else None,
        clients=answered * each,
        seen=hour.clients,
        wire_bytes=hour.wire_bytes,
    )
