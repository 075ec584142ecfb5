"""Likely mistakes: what each does to the right answer, and what to say to it."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = [
    "Mistake",
    "complement",
    "forgot",
    "half",
    "instead",
    "milliseconds",
    "minutes_as_seconds",
    "per_client",
    "percent",
    "seconds_as_minutes",
    "twice",
]


@dataclass(frozen=True, slots=True)
class Mistake:
    """What goes wrong, and what to say to it.

    Attributes:
        makes: the right answer to what a student gives who makes this mistake.
        reply: what to say; it points the way and does not give the answer away.
    """

    name: str
    makes: Callable[[float], float]
    reply: str


def twice(reply: str = "") -> Mistake:
    """Twice too much: forgot to halve."""
    told = "That is exactly twice too much. Is it the average that you are after"
    return forgot(1 / 2, "twice", reply or f"{told}, or the worst case?")


def half(reply: str = "") -> Mistake:
    """Half of it: forgot the factor two, or halved once too often."""
    told = "That is exactly half of it. Did you forget a factor of two, or halve once too often?"
    return forgot(2, "half", reply or told)


def milliseconds() -> Mistake:
    """Milliseconds where seconds are asked for."""
    return forgot(
        1 / 1000,
        "milliseconds",
        "The digits are right, but that looks like milliseconds. The question asks for seconds.",
    )


def per_client(clients: float, reply: str = "") -> Mistake:
    """For one client where all are meant."""
    told = f"That is right for one client. There are {clients:,.0f} of them."
    return forgot(clients, "per client", reply or told)


def percent() -> Mistake:
    """A fraction where percent are asked for."""
    return Mistake(
        "fraction",
        lambda right: right / 100,
        "The digits are right, but that is a fraction of one. The question asks for percent.",
    )


def minutes_as_seconds() -> Mistake:
    """Per minute where per second is asked for."""
    return Mistake(
        "per minute",
        lambda right: right * 60,
        "That is sixty times too much: it looks like a figure per minute. The question asks for"
        " one per second.",
    )


def seconds_as_minutes() -> Mistake:
    """Per second where per minute is asked for."""
    return Mistake(
        "per second",
        lambda right: right / 60,
        "That is sixty times too little: it looks like a figure per second. The question asks for"
        " one per minute.",
    )


def complement(whole: float, reply: str) -> Mistake:
    """The other part of a whole: useful for wasted, say."""
    return Mistake("the other part", lambda right: whole - right, reply)


def forgot(factor: float, name: str, reply: str) -> Mistake:
    """Left a factor out."""
    return Mistake(name, lambda right: right / factor, reply)


def instead(value: float, name: str, reply: str) -> Mistake:
    """Gave this number, whatever the right one is."""
    return Mistake(name, lambda right: value, reply)
