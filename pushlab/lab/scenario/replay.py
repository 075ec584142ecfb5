"""A scenario of what an access log says: its busiest stretch, with its messages at their times."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pushlab.lab.scenario.access_log import LoggedPolls
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.trace import trace_text

__all__ = ["Stretch", "busiest", "replaying"]

#: More are not measured; what is measured is then a sample of the clients.
MOST_CLIENTS = 500


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of a log that a scenario replays.

    Attributes:
        clients: that were there at once, by how often was asked.
        sampled: how many of them the scenario has.
        messages: as (seconds after its start, number of the client), of those sampled.
    """

    clients: int
    sampled: int
    messages: list[tuple[float, int]]


def busiest(log: LoggedPolls, span_s: float, *, seed: int, most: int = MOST_CLIENTS) -> Stretch:
    """The stretch of so many seconds in which most was asked.

    When a message was published lies between two polls and, in a log of whole seconds, anywhere
    in its second: each gets a random moment of that.
    """
    rng = np.random.default_rng([seed, 0x10C])
    start_s, polls = _busiest_s(log.per_second, span_s)
    blur_s = 1.0 if log.whole_seconds else 0.0
    clients = round(polls * log.interval_s / min(span_s, log.span_s + 1))
    within = [one for one in log.messages if start_s <= one[0] < start_s + span_s]
    addressed = list(dict.fromkeys(number for _, number in within))
    clients = max(1, clients, len(addressed))
    sampled = min(clients, most)
    kept = round(len(addressed) * sampled / clients)
    chosen = rng.permutation(len(addressed))[:kept]
    place = {addressed[old]: new for new, old in enumerate(sorted(chosen))}
    messages = []
    for at_s, number in within:
        at_s += rng.uniform(0, blur_s) - rng.uniform(0, log.interval_s) - start_s
        if number in place:
            messages.append((min(max(at_s, 0.0), span_s - 0.001), place[number]))
    return Stretch(clients, sampled, messages)


def _busiest_s(per_second: Mapping[int, int], span_s: float) -> tuple[int, int]:
    """The second at which the span with the most begins, and how many are in it."""
    seconds = sorted(per_second)
    best, first, within = (seconds[0], 0), 0, 0
    for second in seconds:
        within += per_second[second]
        while second - seconds[first] >= span_s:
            within -= per_second[seconds[first]]
            first += 1
        best = max(best, (seconds[first], within), key=lambda found: found[1])
    return best


def replaying(scenario: Scenario, stretch: Stretch) -> Scenario:
    """The scenario with the stretch's clients, a channel each, and its messages as a trace."""
    span_s = scenario.warmup_s + scenario.duration_s
    work = {
        "clients": stretch.sampled,
        "arrivals": "trace",
        "trace": trace_text((at_s, channel, 0) for at_s, channel in stretch.messages),
        "rate_per_s": len(stretch.messages) / span_s / stretch.sampled,
    }
    return scenario.with_values({**work, "channels": "per-client"})
