"""Chapter 8: two transports against each other, and what a count does not say."""

from pushlab.analysis.models.formulas import (
    long_poll_percentile_s,
    long_poll_requests_per_s,
    poll_percentile_s,
)
from pushlab.course.exercises.base import Choice, Exercise, Number
from pushlab.course.exercises.mistakes import instead, milliseconds, per_client
from pushlab.course.exercises.varied import Varied, varied

__all__ = ["EXERCISES"]


@varied(clients=(1_000, 2_000, 3_000, 6_000), every_s=(4, 5), gap_s=(20, 25, 30))
def _fewer(clients: int, every_s: int, gap_s: int) -> Number:
    short = clients / every_s
    long = clients * long_poll_requests_per_s(rate_per_s=1 / gap_s, gap_s=0, hold_s=600)
    return Number(
        question=(
            f"{clients:,} clients each get a message every {gap_s} seconds on average. Today they"
            f" ask every {every_s} seconds. With long polling, where a question is held for ten"
            " minutes if need be, how many requests a second would the server get less?"
        ),
        answer=short - long,
        unit="requests a second",
        mistakes=(
            per_client(clients),
            instead(
                short,
                "before",
                "That is what it gets today. Long polling makes some requests too: one a message.",
            ),
            instead(long, "after", "That is what is left with long polling. How much less is it?"),
            instead(short + long, "added", "You added the two. We look for the difference."),
        ),
        clue=(
            "Today: clients / interval. With long polling: clients x messages a second, and a"
            f" message every {gap_s} seconds is 1/{gap_s} a second."
        ),
        why=(
            f"{clients:,} / {every_s} = {short:,.0f} today; {clients:,} / {gap_s} = {long:,.0f}"
            f" with long polling; {short:,.0f} - {long:,.0f} = {short - long:,.0f} less."
        ),
    )


@varied(way_ms=(100, 150, 200), every_s=(2, 3, 4, 5))
def _unluckiest(way_ms: int, every_s: int) -> Number:
    way_s = way_ms / 1000
    poll_s = poll_percentile_s(100, interval_s=every_s, delay_s=way_s)
    held_s = long_poll_percentile_s(100, rate_per_s=0.5, delay_s=way_s, hold_s=30.0)
    return Number(
        question=(
            f"The server is {way_ms} milliseconds away, one way. Short polling asks every"
            f" {every_s} seconds. By how many seconds is its unluckiest message later than the"
            " unluckiest of long polling?"
        ),
        answer=poll_s - held_s,
        unit="s",
        tolerance=0.01,
        mistakes=(
            milliseconds(),
            instead(
                every_s,
                "no way",
                "You left the ways out. Short polling goes one after the wait, long polling three.",
            ),
            instead(poll_s, "not compared", "That is short polling's worst. And long polling's?"),
            instead(
                every_s / 2 + way_s - held_s,
                "average",
                "You took half an interval. That is the average, we ask for the unluckiest.",
            ),
        ),
        clue="Short polling at worst: a whole interval and one way. Long polling: three ways.",
        why=(
            f"{every_s} + {way_s:g} = {poll_s:.3g} seconds against 3 x {way_s:g} = {held_s:.3g}"
            f" seconds: {poll_s - held_s:.3g} seconds later."
        ),
    )


EXERCISES: tuple[Exercise | Varied, ...] = (
    _fewer,
    _unluckiest,
    Choice(
        question="With SSE the chart says: 0 hits for each message. What does a message cost then?",
        options={
            "a": "Nothing",
            "b": "As much as a poll, only that it is counted elsewhere",
            "c": "One write to each client; and each open line takes memory, message or not",
            "d": "Only the first message costs something",
        },
        answer="c",
        replies={
            "a": "Look at the chart of the processor: it is not nought there. What is being done?",
            "b": "Look at the chart of the processor: a push takes less. What falls away?",
            "d": "The first request opens the line. But each message must still be sent.",
        },
        clue="Which work remains when nobody asks any more?",
        why=(
            "Nobody asks, but the server still writes each message to each client, and it must keep"
            " a line open for everybody, all day long. A count of nought is not a bill of nought."
        ),
    ),
)
