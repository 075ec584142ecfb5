"""Chapter 1: how long a message waits, and how often the server is asked."""

from pushlab.analysis.models.formulas import poll_latency_s
from pushlab.course.exercises.base import Exercise, Number
from pushlab.course.exercises.mistakes import (
    half,
    instead,
    milliseconds,
    minutes_as_seconds,
    per_client,
    twice,
)
from pushlab.course.exercises.varied import Varied, varied

__all__ = ["EXERCISES"]


@varied(every_s=(4, 3, 5, 6, 8, 10))
def _wait(every_s: int) -> Number:
    return Number(
        question=(
            f"A weather app asks for news every {every_s} seconds. How long does a message wait, on"
            " average, in seconds? (On a network so fast that the way itself takes no time.)"
        ),
        answer=poll_latency_s(interval_s=every_s, delay_s=0),
        unit="s",
        mistakes=(
            twice(
                "That is the longest wait: it happens to a message that comes just after a"
                " question. What about one that comes just before the next question?"
            ),
            half("That is half of it. The average lies midway between no wait and the longest."),
            milliseconds(),
            instead(
                0,
                "no wait",
                "Only the luckiest message waits for nothing: one that comes just before a"
                " question. What about all the others?",
            ),
        ),
        clue=(
            "A message may come at any moment between two questions. The luckiest waits 0 s, the"
            f" unluckiest {every_s} s, and all moments are equally likely."
        ),
        why=(
            f"Waits lie evenly between 0 and {every_s} s, so their average is"
            f" {every_s} / 2 = {every_s / 2:g} s."
        ),
    )


@varied(wait_s=(0.75, 0.2, 0.4, 1.25, 1.5, 3.5))
def _allowed(wait_s: float) -> Number:
    return Number(
        question=(
            f"Your boss wants messages to wait {wait_s:g} seconds on average, no longer. How many"
            " seconds may pass between two questions?"
        ),
        answer=2 * wait_s,
        unit="s",
        mistakes=(
            half(
                "With that, messages wait only half as long as your boss allows, and your server"
                " works twice as hard. The average wait is half the time between two questions."
            ),
            instead(wait_s / 2, "halved", "You went the wrong way: do not halve, double."),
            milliseconds(),
            twice("With that, messages wait twice as long as your boss allows: you doubled twice."),
        ),
        clue="average wait = interval / 2. You know the wait; which interval belongs to it?",
        why=(
            "The average wait is half the interval, so the interval is"
            f" 2 x {wait_s:g} = {2 * wait_s:g} s."
        ),
    )


@varied(clients=(200, 120, 300, 360), every_s=(4, 3, 5, 6))
def _asked(clients: int, every_s: int) -> Number:
    return Number(
        question=(
            f"{clients} clients ask every {every_s} seconds each. How many requests must the server"
            " handle per second?"
        ),
        answer=clients / every_s,
        unit="requests a second",
        mistakes=(
            per_client(clients),
            minutes_as_seconds(),
            instead(
                clients * every_s,
                "multiplied",
                "You multiplied. Does asking less often mean more work?",
            ),
            instead(clients, "one second", "That is what it would be if they asked every second."),
        ),
        clue="How many requests does one client make in a second? It is less than one.",
        why=(
            f"One client makes 1/{every_s} of a request per second; {clients} of them make"
            f" {clients} / {every_s} = {clients / every_s:g}."
        ),
    )


EXERCISES: tuple[Exercise | Varied, ...] = (_wait, _allowed, _asked)
