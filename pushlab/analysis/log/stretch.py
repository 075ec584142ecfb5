"""The part of a log that a scenario replays: some clients for a while, and their messages."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pushlab.analysis.log.findings import LogFindings
from pushlab.analysis.log.polls import Polls, Rows
from pushlab.contract.limits import MAX_MESSAGE_BYTES

__all__ = ["MOST_CLIENTS", "Stretch", "stretch_of"]

#: More are not measured; what is measured is then a sample of the clients.
MOST_CLIENTS = 500
_CLOSE = 0.002  #: how far the sample's messages may be from the share that is due to it
_TRIES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What is replayed.

    Attributes:
        span_s: how long it is.
        clients: that were there at once.
        sampled: how many of them it has.
        rate_per_s: messages of each of these, a second.
        messages: as (seconds after its start, number of the client, size or 0), of those sampled.
    """

    span_s: float
    clients: int
    sampled: int
    rate_per_s: float
    messages: list[tuple[float, int, int]]


def stretch_of(
    polls: Polls,
    found: LogFindings,
    span_s: float,
    *,
    seed: int,
    message_bytes: float | None = None,
    busiest: bool = False,
    most: int = MOST_CLIENTS,
) -> Stretch | None:
    """A stretch of so many seconds; None: nothing in the log is known to have brought a message.

    It is the one in which as many useful answers came as on average, and its sample of clients has
    the log's rate; or the one in which most was asked, with a rate of its own. When a message was
    published lies between two polls and, in a log of whole seconds, anywhere in its second:
    what an answer brought gets one random moment of that, all at once. Apart from each other its
    messages would be found by more polls than the log has useful ones.

    Args:
        message_bytes: the size of a message; None: each useful answer brought one.
    """
    rows = polls.rows()
    if not found.sign.known or not len(rows) or found.messages is None:
        return None
    rng = np.random.default_rng([seed, 0x10C])
    span_s = round(min(span_s, max(found.span_s, found.interval_s)), 3)
    useful = ~found.sign.is_empty(rows.size)
    start_s = _start_s(rows, useful, span_s, busiest)
    within = slice(*np.searchsorted(rows.at_s, (start_s, start_s + span_s)))
    part, brought = rows.of(within), useful[within]
    if not brought.any():
        return None
    share, steady_s = (1 - (found.in_vain or 0.0)), found.interval_s
    if busiest:
        share = float(brought.mean())
    there = round(len(part) * steady_s / span_s)
    of_client = _counts(part.client, brought)
    sampled = max(1, min(there, most, len(of_client)))
    chosen = _balanced(rng, of_client, sampled, share / steady_s * sampled * span_s)
    messages = _messages(
        rng, polls, found, part.of(brought), chosen, (start_s, span_s), message_bytes
    )
    return Stretch(
        span_s=span_s,
        clients=max(1, there * polls.sampled),
        sampled=sampled,
        rate_per_s=len(messages) / span_s / sampled,
        messages=messages,
    )


def _start_s(rows: Rows, useful: npt.NDArray[np.bool_], span_s: float, busiest: bool) -> float:
    """When the stretch begins."""
    first_s, last_s = float(rows.at_s[0]), float(rows.at_s[-1])
    step_s = max(span_s / 4, (last_s - first_s) / 20_000)
    starts = np.append(np.arange(first_s, max(first_s, last_s - span_s), step_s), first_s)
    low, high = (np.searchsorted(rows.at_s, starts + more) for more in (0.0, span_s))
    asked = high - low
    brought = np.concatenate([[0], np.cumsum(useful)])
    came = brought[high] - brought[low]
    if busiest:
        return float(starts[int(asked.argmax())])
    full = asked >= 0.5 * np.median(asked[asked > 0])
    usual = came[full].mean()
    off = np.where(full & (came > 0), np.abs(came - usual), np.inf)
    return float(starts[int(off.argmin())])


def _counts(client: npt.NDArray[np.int32], brought: npt.NDArray[np.bool_]) -> dict[int, int]:
    """Useful answers of each client that was there, by its number."""
    numbers, place = np.unique(client, return_inverse=True)
    counts = np.bincount(place, brought, minlength=len(numbers))
    return {int(number): int(count) for number, count in zip(numbers, counts, strict=True)}


def _balanced(
    rng: np.random.Generator, of_client: dict[int, int], sampled: int, due: float
) -> dict[int, int]:
    """Clients at random, so many that got `due` in all as nearly as can be; and their places."""
    mixed = [int(one) for one in rng.permutation(np.array(list(of_client), np.int64))]
    chosen, others = mixed[:sampled], mixed[sampled:]
    off = due - sum(of_client[one] for one in chosen)
    picks = rng.random((_TRIES, 2)) if others else ()
    for one, other in picks:
        if abs(off) <= _CLOSE * due:
            break
        i, j = int(one * len(chosen)), int(other * len(others))
        more = of_client[others[j]] - of_client[chosen[i]]
        if abs(off - more) < abs(off):
            chosen[i], others[j], off = others[j], chosen[i], off - more
    return {number: place for place, number in enumerate(sorted(chosen))}


def _messages(
    rng: np.random.Generator,
    polls: Polls,
    found: LogFindings,
    useful: Rows,
    places: dict[int, int],
    stretch: tuple[float, float],
    message_bytes: float | None,
) -> list[tuple[float, int, int]]:
    start_s, span_s = stretch
    blur_s = 1.0 if polls.whole_seconds else 0.0
    base = found.empty_bytes or 0.0
    messages = []
    columns = (useful.at_s.tolist(), useful.client.tolist(), useful.size.tolist())
    for at_s, client, size in zip(*columns, strict=True):
        if client not in places:
            continue
        count, body = 1, max(1, round(size - base)) if size >= 0 else 0
        if body:
            count = max(1, -(-body // MAX_MESSAGE_BYTES), round(body / (message_bytes or body)))
        due_s = at_s + rng.uniform(0, blur_s) - rng.uniform(0, found.interval_s) - start_s
        due_s = min(due_s % span_s, span_s - 0.001)  # from before the start to before the end
        one = (due_s, places[client], max(1, body // count) if body else 0)
        messages += [one] * count
    return messages
