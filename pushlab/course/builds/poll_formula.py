"""Chapter 2's build: the closed form of polling as a function, held against a simulation."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from random import Random
from typing import Any

from pushlab.course.builds.base import Build
from pushlab.course.builds.cases import Case, Slip, StudentError, Words

__all__ = ["BUILDS", "simulated"]

_QUESTIONS = 20_000
_KEYS = (
    "wait_s",
    "longest_s",
    "requests_per_s",
    "in_vain",
    "requests_per_message",
    "messages_per_find",
)
#: How far a simulation of so many questions may be from the truth, as a part of it.
_NOISE = 0.03


@cache
def simulated(clients: int, interval_s: float, rate_per_s: float) -> Mapping[str, float]:
    """What a simulated client sees in many questions by the clock; the same each time."""
    rng = Random(2)
    written_s = rng.expovariate(rate_per_s)
    waits: list[float] = []
    finds = 0
    for question in range(1, _QUESTIONS + 1):
        before = len(waits)
        while written_s <= question * interval_s:
            waits.append(question * interval_s - written_s)
            written_s += rng.expovariate(rate_per_s)
        finds += len(waits) > before
    return {
        "wait_s": sum(waits) / len(waits),
        "longest_s": max(waits),
        "requests_per_s": clients * _QUESTIONS / (_QUESTIONS * interval_s),
        "in_vain": 1 - finds / _QUESTIONS,
        "requests_per_message": _QUESTIONS / len(waits),
        "messages_per_find": len(waits) / finds,
    }


def _figure(key: str, given: tuple[int, float, float], polling: Callable[..., Any]) -> float:
    told = polling(*given)
    if not isinstance(told, Mapping):
        wanted = "Let `polling` return the dictionary with the six figures."
        raise StudentError("no dictionary", f"{wanted} It returns {type(told).__name__}.")
    if key not in told:
        raise StudentError("a key is missing", f'The dictionary has no "{key}" any more.')
    value = told[key]
    if value is ...:
        raise StudentError("not filled in", f'"{key}" is still `...`: it is yours to fill in.')
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StudentError("no number", f'"{key}" is no number, but {type(value).__name__}.')
    return float(value)


def _near(came: float, wanted: float) -> bool:
    return came == wanted or math.isclose(came, wanted, rel_tol=_NOISE)


def _words(given: tuple[int, float, float]) -> str:
    clients, interval_s, rate_per_s = given
    return f"polling({clients}, {interval_s:g}, {rate_per_s:g})"


def _case(name: str, key: str, given: tuple[int, float, float], slips: Sequence[Slip]) -> Case:
    """A figure held against the simulation."""
    wanted = simulated(*given)[key]
    return Case(
        name=name,
        given=f'{_words(given)}["{key}"]',
        tries=partial(_figure, key, given),
        expected=Words(f"{wanted:.3g}, in a simulation of {_QUESTIONS:,} questions"),
        same=lambda came, _: _near(came, wanted),
        shows=lambda came: Words(f"{came:.3g}"),
        slips=slips,
        otherwise="The simulation asks by the clock, and counts. What does your formula leave out?",
    )


def _is(value: float, name: str, reply: str) -> Slip:
    return Slip(name, lambda came: _near(came, value), reply)


_USUAL, _BUSY, _NOBODY = (100, 1.0, 0.5), (30, 4.0, 2.0), (30, 4.0, 0.0)
_VAIN = math.exp(-0.5)


#: Which figure is asked for with which settings, and what others give instead.
_ASKED: Sequence[tuple[str, str, tuple[int, float, float], Sequence[Slip]]] = (
    (
        "the wait",
        "wait_s",
        _BUSY,
        (
            _is(4, "the longest", "That is the longest wait. A message may come at any moment."),
            _is(2000, "milliseconds", "The digits are right, but in milliseconds; give seconds."),
            _is(0.25, "by the rate", "The wait does not depend on how often people write."),
        ),
    ),
    (
        "the longest wait",
        "longest_s",
        _BUSY,
        (
            _is(2, "the average", "That is the average. Who comes just after a question waits?"),
            _is(8, "twice", "No message can wait that long: a question comes every interval."),
        ),
    ),
    (
        "the requests of all clients",
        "requests_per_s",
        _BUSY,
        (
            _is(120, "multiplied", "You multiplied. Does asking less often mean more requests?"),
            _is(0.25, "per client", "That is right for one client. There are 30 of them."),
            _is(
                30 / 4 * (1 - math.exp(-8)),
                "only what finds",
                "A question in vain is a request, too.",
            ),
            _is(60, "by the rate", "Nobody counts messages here: a client asks by the clock."),
            _is(7.5 * 60, "per minute", "That is per minute; give requests per second."),
        ),
    ),
    (
        "the share in vain",
        "in_vain",
        _USUAL,
        (
            _is(
                0.5,
                "no chance",
                "Messages do not come by the clock: sometimes two fall between the same two"
                " questions, and then another question goes home empty. So it is more than"
                " 1 - rate * interval.",
            ),
            _is(1 - _VAIN, "the other part", "That is the share that does bring something."),
            _is(100 * _VAIN, "percent", "That is in percent; give a share from 0 to 1."),
            _is(1 / _VAIN, "sign", "A share above 1 cannot be. Is there a minus in `exp(...)`?"),
            _is(
                math.exp(-2),
                "divided",
                "You divided rate and interval. How many messages come in one interval?",
            ),
        ),
    ),
    (
        "a longer interval",
        "in_vain",
        (100, 3.0, 0.5),
        (
            _is(_VAIN, "without the interval", "It is the same for every interval. Is that so?"),
            _is(-0.5, "below nothing", "A share below 0 cannot be: 1 - rate * interval is wrong."),
        ),
    ),
    (
        "requests for each message",
        "requests_per_message",
        (100, 1.0, 0.2),
        (
            _is(
                0.2,
                "upside down",
                "That is messages for each request. We want it the other way round.",
            ),
            _is(
                500,
                "of all clients",
                "Each client gets each message: ask for the requests that one client makes.",
            ),
            _is(4, "in vain only", "You forgot the request that brings the message itself."),
            _is(1, "one", "Only if a message came in each interval, by the clock."),
        ),
    ),
    (
        "messages in an answer that is not empty",
        "messages_per_find",
        (100, 1.0, 2.0),
        (
            _is(
                2,
                "of all answers",
                "So many does an answer bring on average, empty ones counted too. The empty ones"
                " bring nothing, so the others must bring more.",
            ),
            _is(
                2 * math.exp(-2),
                "multiplied",
                "Fewer than one message in an answer that is not empty? Divide by the share of"
                " answers that bring something.",
            ),
            _is(
                2 / math.exp(-2),
                "the empty ones",
                "You divided by the share in vain. Divide by the share that brings something.",
            ),
        ),
    ),
)

_SILENCE = Case(
    name="nobody writes",
    given=f"{_words(_NOBODY)}: every question is in vain",
    tries=lambda polling: tuple(_figure(key, _NOBODY, polling) for key in _KEYS),
    expected=(2.0, 4.0, 7.5, 1.0, math.inf, 1.0),
    raises={
        ZeroDivisionError: "Where nobody writes, the rate is 0. Then say `inf` for the"
        " requests for each message, and 1 for the messages in an answer."
    },
    otherwise="The six figures in the order of the dictionary, where the rate is 0.",
)


@cache
def _cases() -> Sequence[Case]:
    return (*(_case(*asked) for asked in _ASKED), _SILENCE)


_SKELETON = """
from math import exp, inf


def polling(clients, interval_s, rate_per_s):
    return {
        "wait_s": ...,  # how long a message waits, on average
        "longest_s": ...,  # and at the most
        "requests_per_s": ...,  # of all clients
        "in_vain": ...,  # the share of questions without news, 0 to 1
        "requests_per_message": ...,  # of one client; inf if nobody writes
        "messages_per_find": ...,  # in an answer with news; 1 if nobody writes
    }
"""

_GAPS = """
from math import exp, inf


def polling(clients, interval_s, rate_per_s):
    expected = ...  # messages that are expected between two questions
    in_vain = exp(...)
    return {
        "wait_s": interval_s / ...,
        "longest_s": interval_s,
        "requests_per_s": clients / ...,
        "in_vain": in_vain,
        "requests_per_message": 1 / ... if expected else inf,
        "messages_per_find": expected / (...) if expected else 1,
    }
"""

_CODE = """
from math import exp, inf


def polling(clients, interval_s, rate_per_s):
    expected = rate_per_s * interval_s  # messages between two questions
    in_vain = exp(-expected)
    return {
        "wait_s": interval_s / 2,
        "longest_s": interval_s,
        "requests_per_s": clients / interval_s,
        "in_vain": in_vain,
        "requests_per_message": 1 / expected if expected else inf,
        "messages_per_find": expected / (1 - in_vain) if expected else 1,
    }
"""

BUILDS: tuple[Build, ...] = (
    Build(
        name="polling",
        question=(
            "Build it: all that polling costs, as a function. `polling(clients, interval_s,"
            " rate_per_s)` returns six figures, without a server and without a measurement.\n\n"
            f"The judge holds each of them against a simulation of {_QUESTIONS:,} questions, in"
            " which messages come at random moments, at that rate, in one room. A figure may be a"
            " few percent away from it, since chance is in the simulation.\n\n"
            "Put a formula in place of each `...`. If nobody writes at all, the rate is 0."
        ),
        skeleton=_SKELETON,
        hints=(
            "Begin with the three that you know: the wait is half an interval, and all clients"
            " together make `clients / interval_s` requests a second.",
            "`rate_per_s * interval_s` is how many messages you may expect between two questions."
            " Give it a name: three of the figures need it.",
            "The share in vain is `exp(-expected)`, the chance that nothing comes in one interval."
            " All messages come in the other answers, so divide by their share.",
        ),
        gaps=_GAPS,
        code=_CODE,
        cases=_cases,
        why=(
            "One number decides nearly all of it: how many messages come between two questions, the"
            " rate times the interval. Far below 1 nearly every question is in vain; far above 1"
            " each answer brings a whole bag, and polling is cheap."
        ),
    ),
)
