"""Chapter 2: hits, bytes and waste of polling."""

from pushlab.analysis.models.formulas import messages_per_useful_poll, wasted_fraction
from pushlab.course.exercises.base import Exercise, Number
from pushlab.course.exercises.mistakes import complement, forgot, instead, per_client, percent
from pushlab.course.exercises.varied import Varied, varied

__all__ = ["EXERCISES"]

_DAY_S = 86_400


@varied(people=(500, 300, 600, 900), every_s=(5, 3, 10, 6))
def _day(people: int, every_s: int) -> Number:
    per_s = people / every_s
    return Number(
        question=(
            f"{people} people leave your app open all day. It asks every {every_s} seconds. How"
            " many requests does your server get in one day (86,400 seconds)?"
        ),
        answer=per_s * _DAY_S,
        unit="requests a day",
        mistakes=(
            per_client(people),
            forgot(_DAY_S, "per second", "That is what it gets in one second. A day is longer."),
            forgot(24, "per hour", "That is what it gets in one hour. A day has 24 of them."),
            forgot(1 / every_s, "every second", "That would be right if it asked every second."),
        ),
        clue=f"First per second, for all {people} together; then times the seconds of a day.",
        why=(
            f"{people} / {every_s} = {per_s:g} requests a second, times 86,400 seconds:"
            f" {per_s * _DAY_S:,.0f} a day."
        ),
    )


@varied(gap_s=(10, 8, 6, 5), every_s=(2, 3))
def _in_vain(gap_s: int, every_s: int) -> Number:
    wasted = wasted_fraction(rate_per_s=1 / gap_s, interval_s=every_s)
    chance = every_s / gap_s
    return Number(
        question=(
            f"A chat room gets one message every {gap_s} seconds on average, at random moments. Its"
            f" members ask every {every_s} seconds. What percentage of their requests brings"
            " nothing?"
        ),
        answer=100 * wasted,
        unit="%",
        tolerance=0.01,
        mistakes=(
            complement(100, "That is the share that does bring something. We want the rest."),
            percent(),
            instead(
                100 * (1 - chance),
                "no chance",
                f"Close. {every_s} of {gap_s} seconds is {100 * chance:.3g} %, but messages come at"
                " random: sometimes two fall between the same two questions, and then another"
                " question goes home empty.",
            ),
            instead(
                100 * wasted_fraction(rate_per_s=gap_s, interval_s=every_s),
                "rate",
                f"One message every {gap_s} seconds is a rate of 1/{gap_s} per second, not of"
                f" {gap_s}.",
            ),
        ),
        clue=(
            "The share in vain is `exp(-rate * interval)`. The rate is in messages per second, and"
            f" one message in {gap_s} seconds is 1/{gap_s} per second. Then think of percent."
        ),
        why=(
            f"`exp(-{every_s} / {gap_s})` = {wasted:.3f}: about {100 * wasted:.0f} % of the"
            " questions are answered with nothing. That is the chance that no message at all comes"
            f" within {every_s} seconds."
        ),
    )


@varied(gap_s=(10, 12, 18, 24), every_s=(2, 3))
def _each(gap_s: int, every_s: int) -> Number:
    rate = 1 / gap_s
    useful = 1 - wasted_fraction(rate_per_s=rate, interval_s=every_s)
    each = 1 / (useful * messages_per_useful_poll(rate_per_s=rate, interval_s=every_s))
    return Number(
        question=(
            f"In a room with a message every {gap_s} seconds and a question every {every_s}"
            " seconds, how many requests does one member make for each message that he gets?"
        ),
        answer=each,
        unit="requests a message",
        mistakes=(
            instead(
                1 / each,
                "upside down",
                "That is messages for each request. We want it the other way round.",
            ),
            instead(
                each - 1, "in vain only", "You forgot the request that brings the message itself."
            ),
            instead(
                gap_s * every_s,
                "multiplied",
                f"You multiplied {every_s} and {gap_s}. How often does one fit the other?",
            ),
            instead(gap_s, "interval", "That would be right if they asked every second."),
        ),
        clue=(
            f"How many questions does a member ask in the {gap_s} seconds from message to message?"
        ),
        why=(
            f"A question every {every_s} seconds and a message every {gap_s}: {gap_s} / {every_s} ="
            f" {each:.0f} requests a message."
        ),
    )


EXERCISES: tuple[Exercise | Varied, ...] = (_day, _in_vain, _each)
