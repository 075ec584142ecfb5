"""Chapter 4: what an answer without end saves, and what it costs when it breaks."""

from pushlab.analysis.models.formulas import long_poll_percentile_s
from pushlab.course.exercises.base import Exercise, Number
from pushlab.course.exercises.mistakes import (
    forgot,
    half,
    instead,
    milliseconds,
    minutes_as_seconds,
    per_client,
)
from pushlab.course.exercises.varied import Varied, varied

__all__ = ["EXERCISES"]

_A_MINUTE = 1 / 60


@varied(fans=(10_000, 20_000, 30_000, 60_000), every_s=(5, 4, 10, 8))
def _saved(fans: int, every_s: int) -> Number:
    before = fans / every_s
    return Number(
        question=(
            f"{fans:,} fans have the page of a match open; it changes about once a minute. The page"
            f" asks every {every_s} seconds. You turn it into SSE, and everybody is connected"
            " already. How many requests a second does the server get less than before?"
        ),
        answer=before,
        unit="requests a second",
        mistakes=(
            per_client(fans),
            instead(
                before - fans * _A_MINUTE,
                "a request each",
                "You took one request for each message off again. With SSE a message takes none.",
            ),
            minutes_as_seconds(),
            instead(
                fans * every_s,
                "multiplied",
                "You multiplied. Does a client that waits longer ask more often?",
            ),
        ),
        clue="How many requests a second were there before? How many of them are left with SSE?",
        why=(
            f"Before: {fans:,} clients / {every_s} seconds = {before:,.0f} requests a second. With"
            f" SSE: none. So {before:,.0f} are saved, and what the page says or how often does not"
            " matter."
        ),
    )


@varied(way_ms=(80, 60, 120, 150, 200))
def _away(way_ms: int) -> Number:
    way_s = way_ms / 1000
    later_s = long_poll_percentile_s(100, rate_per_s=1.0, delay_s=way_s, hold_s=30.0) - way_s
    return Number(
        question=(
            f"Your server is far away: {way_ms} milliseconds one way. With SSE every message takes"
            f" those {way_ms}. How many seconds longer than that does the unluckiest message take"
            " with long polling?"
        ),
        answer=later_s,
        unit="s",
        mistakes=(
            milliseconds(),
            instead(
                3 * way_s,
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
            f"Three ways instead of one: 3 x {way_s:g} - {way_s:g} = {later_s:.3g} seconds longer."
            " The message was written just after an answer had left."
        ),
    )


@varied(back=(30_000, 40_000, 60_000, 90_000), within_s=(10, 20, 8))
def _restart(back: int, within_s: int) -> Number:
    return Number(
        question=(
            f"A server with {back:,} open SSE lines restarts, and every client connects again. They"
            f" are clever: each waits a random time, up to {within_s} seconds, so that they come"
            " evenly. How many requests a second must the server take meanwhile?"
        ),
        answer=back / within_s,
        unit="requests a second",
        mistakes=(
            forgot(
                1 / within_s,
                "all at once",
                f"That is all of them in one second. They have {within_s}.",
            ),
            per_client(back),
            forgot(
                60,
                "divided by 60",
                "That is sixty times too little. They come within seconds, not minutes, and the"
                " question asks for one second.",
            ),
            instead(
                back / 2,
                "half of them",
                f"Half of them come in the first {within_s / 2:g} seconds, that is true. And how"
                " many in one?",
            ),
            half("That is half of it. They come evenly: each second brings as many as the next."),
        ),
        clue=f"All {back:,} come, evenly spread over {within_s} seconds.",
        why=(
            f"{back:,} / {within_s} = {back / within_s:,.0f} requests a second, from a server that"
            f" had none before. Without that random wait all {back:,} would come at once, and that"
            " can break it again."
        ),
    )


EXERCISES: tuple[Exercise | Varied, ...] = (_saved, _away, _restart)
