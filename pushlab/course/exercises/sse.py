"""Chapter 4: what an answer without end saves, and what it costs when it breaks."""

from pushlab.analysis.cost.traffic import predicted_traffic
from pushlab.analysis.models.formulas import long_poll_percentile_s
from pushlab.contract.registry import profile_of
from pushlab.course.exercises.base import Exercise, Number
from pushlab.course.exercises.mistakes import (
    forgot,
    half,
    instead,
    milliseconds,
    minutes_as_seconds,
    per_client,
    seconds_as_minutes,
)

__all__ = ["EXERCISES"]

_FANS, _EVERY_S, _RATE = 10_000, 5.0, 1 / 60
_WAY_S = 0.08
_BACK, _WITHIN_S = 30_000, 10


def _requests_per_s(transport: str) -> float:
    return predicted_traffic(
        profile_of(transport).retimed(interval_s=_EVERY_S),
        clients=_FANS,
        rate_per_client_per_s=_RATE,
        payload_bytes=100,
    ).hits_per_s


EXERCISES: tuple[Exercise, ...] = (
    Number(
        question=(
            "10,000 fans have the page of a match open; it changes about once a minute. The page"
            " asks every 5 seconds. You turn it into SSE, and everybody is connected already. How"
            " many requests a second does the server get less than before?"
        ),
        answer=_requests_per_s("short-polling") - _requests_per_s("sse"),
        unit="requests a second",
        mistakes=(
            per_client(_FANS),
            instead(
                _requests_per_s("short-polling") - _FANS * _RATE,
                "a request each",
                "You took one request for each message off again. With SSE a message takes none.",
            ),
            minutes_as_seconds(),
            instead(
                _FANS * _EVERY_S,
                "multiplied",
                "You multiplied. Does a client that waits longer ask more often?",
            ),
        ),
        clue="How many requests a second were there before? How many of them are left with SSE?",
        why=(
            "Before: 10,000 clients / 5 seconds = 2,000 requests a second. With SSE: none. So 2,000"
            " are saved, and what the page says or how often does not matter."
        ),
    ),
    Number(
        question=(
            "Your server is far away: 80 milliseconds one way. With SSE every message takes those"
            " 80. How many seconds longer than that does the unluckiest message take with long"
            " polling?"
        ),
        answer=long_poll_percentile_s(100, rate_per_s=1.0, delay_s=_WAY_S, hold_s=30.0) - _WAY_S,
        unit="s",
        mistakes=(
            milliseconds(),
            instead(
                3 * _WAY_S,
                "not compared",
                "That is how long it takes in all. How much longer is that than with SSE?",
            ),
            half(
                "That is one way. When the answer before it has just left, that one must arrive"
                " and the next question must come back."
            ),
            instead(0, "no gap", "SSE has no gap. Long polling has one, after every answer."),
        ),
        clue="At worst it goes three ways: out, back, and out. SSE goes one.",
        why=(
            "Three ways instead of one: 3 x 0.08 - 0.08 = 0.16 seconds longer. The message was"
            " written just after an answer had left."
        ),
    ),
    Number(
        question=(
            "A server with 30,000 open SSE lines restarts, and every client connects again. They"
            " are clever: each waits a random time, up to 10 seconds, so that they come evenly. How"
            " many requests a second must the server take meanwhile?"
        ),
        answer=_BACK / _WITHIN_S,
        unit="requests a second",
        mistakes=(
            forgot(
                1 / _WITHIN_S, "all at once", "That is all of them in one second. They have 10."
            ),
            per_client(_BACK),
            seconds_as_minutes(),
            half("Half of them come in the first 5 seconds, that is true. And how many in one?"),
        ),
        clue="All 30,000 come, evenly spread over 10 seconds.",
        why=(
            "30,000 / 10 = 3,000 requests a second, from a server that had none before. Without"
            " that random wait all 30,000 would come at once, and that can break it again."
        ),
    ),
)
