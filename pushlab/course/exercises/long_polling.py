"""Chapter 3: what holding the question changes, and when it turns into a storm."""

from pushlab.analysis.models.formulas import long_poll_requests_per_s, storm_rate_per_s
from pushlab.course.exercises.base import Exercise, Number
from pushlab.course.exercises.mistakes import (
    half,
    instead,
    minutes_as_seconds,
    per_client,
    seconds_as_minutes,
    twice,
)
from pushlab.course.exercises.varied import Varied, varied

__all__ = ["EXERCISES"]


@varied(hold_s=(30, 20, 15, 12, 10))
def _quiet(hold_s: int) -> Number:
    a_minute = 60 * long_poll_requests_per_s(rate_per_s=0, gap_s=0, hold_s=hold_s)
    return Number(
        question=(
            f"Nobody writes anything. The server holds each question for {hold_s} seconds and then"
            " answers `nothing new`; the client asks again at once. How many requests does one"
            " client make per minute?"
        ),
        answer=a_minute,
        unit="requests a minute",
        mistakes=(
            seconds_as_minutes(),
            instead(0, "none", "Not quite none: the server does not hold a question for ever."),
            instead(hold_s, "the hold", "That is how long one lasts. How many fit into a minute?"),
            half(
                "That is half of it. The client asks again as soon as the answer is there: no time"
                " passes between two questions."
            ),
        ),
        clue=f"How many times do {hold_s} seconds fit into a minute?",
        why=(
            f"60 / {hold_s} = {a_minute:.0f} requests a minute. A quiet client costs next to"
            " nothing."
        ),
    )


@varied(rate=(3, 4, 5, 6), members=(100, 150, 200, 250))
def _room(rate: int, members: int) -> Number:
    return Number(
        question=(
            f"Now the room wakes up: {rate} messages a second, {members} members, all of them on"
            " long polling. Every message answers every question that is held, and everybody asks"
            " again. How many requests per second must the server handle?"
        ),
        answer=members * long_poll_requests_per_s(rate_per_s=rate, gap_s=0, hold_s=30),
        unit="requests a second",
        mistakes=(
            per_client(members),
            instead(
                members, "rate", f"That is for one message a second. There are {rate} of them."
            ),
            minutes_as_seconds(),
            twice("That is twice too much: question and answer are one request."),
        ),
        clue="Each message costs one request for each member who reads it.",
        why=(
            f"{rate} messages a second for {members} members: {rate} x {members} ="
            f" {rate * members} requests a second."
        ),
    )


@varied(every_s=(5, 2, 4, 10, 20))
def _storm(every_s: int) -> Number:
    often = 1 / every_s
    return Number(
        question=(
            f"A short poll every {every_s} seconds makes {often:g} requests per second, whatever"
            " happens. From how many messages per second on does long polling make more requests"
            " than that?"
        ),
        answer=storm_rate_per_s(interval_s=every_s, gap_s=0),
        unit="messages a second",
        mistakes=(
            instead(
                every_s, "interval", "That is seconds for a message. We ask for messages a second."
            ),
            instead(
                60 / every_s,
                "per minute",
                "That looks like a figure per minute. The question asks for one per second.",
            ),
            half("That is half of it. One message makes one request, not two."),
            twice("That is twice too much. One message makes one request, not half of one."),
        ),
        clue=(
            f"Long polling makes one request for each message. When are those {often:g} per second?"
        ),
        why=(
            f"One request for each message: above 1 / {every_s} = {often:g} messages a second long"
            f" polling asks more often than a poll every {every_s} seconds. That is the storm."
        ),
    )


EXERCISES: tuple[Exercise | Varied, ...] = (_quiet, _room, _storm)
