"""Chapter 5: what a thin frame saves, what silence costs, and who needs to speak both ways."""

from pushlab.analysis.models.formulas import pings_per_s
from pushlab.course.exercises.base import Choice, Exercise, Number
from pushlab.course.exercises.mistakes import (
    instead,
    minutes_as_seconds,
    per_client,
    seconds_as_minutes,
)

__all__ = ["EXERCISES"]

_REQUEST, _HEAD, _MASK, _MOVE = 200, 2, 4, 20
_CLIENTS, _PING_S = 600_000, 30.0

EXERCISES: tuple[Exercise, ...] = (
    Number(
        question=(
            "A player's phone sends a move of 20 bytes. As a request it has 200 bytes more around"
            " it. As a WebSocket frame it has a head of 2 bytes and, since it comes from a client,"
            " a mask of 4. How many times as many bytes is the request, move included?"
        ),
        answer=(_REQUEST + _MOVE) / (_HEAD + _MASK + _MOVE),
        unit="times",
        mistakes=(
            instead(
                _REQUEST / (_HEAD + _MASK),
                "wrapping only",
                "That compares the wrappings. The move of 20 bytes has to travel in both.",
            ),
            instead(
                (_REQUEST + _MOVE) / (_HEAD + _MOVE),
                "no mask",
                "You forgot the mask: what a client sends has 4 bytes more.",
            ),
            instead(
                (_HEAD + _MASK + _MOVE) / (_REQUEST + _MOVE),
                "upside down",
                "That is how much of the request the frame is. We want it the other way round.",
            ),
            instead(
                _REQUEST + _MOVE - _HEAD - _MASK - _MOVE,
                "difference",
                "That is how many bytes more. We want how many times as many.",
            ),
        ),
        clue="Add up each side first, with the move in it. Then divide.",
        why="(200 + 20) / (2 + 4 + 20) = 220 / 26 = 8.5 times as many bytes for the same move.",
    ),
    Number(
        question=(
            "600,000 people have your app open and nobody writes. So that no line is cut, each app"
            " sends a ping every 30 seconds. How many pings a second does your service take?"
        ),
        answer=_CLIENTS * pings_per_s(rate_per_s=0, keep_alive_s=_PING_S),
        unit="pings a second",
        mistakes=(
            per_client(_CLIENTS),
            instead(_CLIENTS, "every second", "That would be right if each pinged once a second."),
            minutes_as_seconds(),
            instead(0, "silence", "Nobody writes, but the lines want to be kept open."),
            seconds_as_minutes(),
        ),
        clue="It is a poll by another name: clients / interval.",
        why=(
            "600,000 / 30 = 20,000 a second. Idle lines are not free. (A poll every 30 seconds"
            " would be as many, and would bring news with it.)"
        ),
    ),
    Choice(
        question="Only one of these really needs a WebSocket. Which?",
        options={
            "a": "The score of a match, on a page that many people look at",
            "b": "A game in which two players steer at the same time, 20 moves a second each",
            "c": "A newspaper that tells of a new article a few times a day",
            "d": "A bar that shows how far a long computation has come",
        },
        answer="b",
        replies={
            "a": "Who speaks here? The server alone. A radio is enough.",
            "c": "A few times a day: an open line all day is a lot of remembering for so little.",
            "d": "The computation speaks, the person watches. That goes one way.",
        },
        clue="Where do both sides have to speak, often, and at once?",
        why=(
            "Both players speak, 20 times a second, and each move counts at once. Everything else"
            " goes one way, and SSE or even a poll carries it."
        ),
    ),
)
