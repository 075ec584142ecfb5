"""Chapter 5: what a thin frame saves, what silence costs, and who needs to speak both ways."""

from pushlab.analysis.models.formulas import pings_per_s
from pushlab.course.exercises.base import Choice, Exercise, Number
from pushlab.course.exercises.mistakes import forgot, instead, minutes_as_seconds, per_client
from pushlab.course.exercises.varied import Varied, varied

__all__ = ["EXERCISES"]

_HEAD, _MASK = 2, 4


@varied(around=(200, 240, 300, 360), move=(20, 30, 40))
def _frame(around: int, move: int) -> Number:
    request, frame = around + move, _HEAD + _MASK + move
    return Number(
        question=(
            f"A player's phone sends a move of {move} bytes. As a request it has {around} bytes"
            " more around it. As a WebSocket frame it has a head of 2 bytes and, since it comes"
            " from a client, a mask of 4. How many times as many bytes is the request, move"
            " included?"
        ),
        answer=request / frame,
        unit="times",
        mistakes=(
            instead(
                around / (_HEAD + _MASK),
                "wrapping only",
                f"That compares the wrappings. The move of {move} bytes has to travel in both.",
            ),
            instead(
                request / (_HEAD + move),
                "no mask",
                "You forgot the mask: what a client sends has 4 bytes more.",
            ),
            instead(
                frame / request,
                "upside down",
                "That is how much of the request the frame is. We want it the other way round.",
            ),
            instead(
                request - frame,
                "difference",
                "That is how many bytes more. We want how many times as many.",
            ),
        ),
        clue="Add up each side first, with the move in it. Then divide.",
        why=(
            f"({around} + {move}) / (2 + 4 + {move}) = {request} / {frame} = {request / frame:.1f}"
            " times as many bytes for the same move."
        ),
    )


@varied(people=(600_000, 300_000, 900_000, 1_200_000), ping_s=(30, 20, 15))
def _silence(people: int, ping_s: int) -> Number:
    pings = people * pings_per_s(rate_per_s=0, keep_alive_s=ping_s)
    return Number(
        question=(
            f"{people:,} people have your app open and nobody writes. So that no line is cut, each"
            f" app sends a ping every {ping_s} seconds. How many pings a second does your service"
            " take?"
        ),
        answer=pings,
        unit="pings a second",
        mistakes=(
            per_client(people),
            instead(people, "every second", "That would be right if each pinged once a second."),
            minutes_as_seconds(),
            instead(0, "silence", "Nobody writes, but the lines want to be kept open."),
            forgot(
                60,
                "divided by 60",
                "That is sixty times too little. The pings are counted in seconds already, and the"
                " question asks for one second.",
            ),
        ),
        clue="It is a poll by another name: clients / interval.",
        why=(
            f"{people:,} / {ping_s} = {pings:,.0f} a second. Idle lines are not free. (A poll every"
            f" {ping_s} seconds would be as many, and would bring news with it.)"
        ),
    )


EXERCISES: tuple[Exercise | Varied, ...] = (
    _frame,
    _silence,
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
