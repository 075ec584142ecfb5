"""Units as people write them behind a number: ``ms``, ``requests a second``, ``/min``, ``%``.

A unit is a length of time, a share in percent, or a count of something, which may be per time or
per something else. What a question asks for is read with the same words as what a student answers.
"""

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Unit", "factor", "magnitude", "unit_from"]

#: Seconds in each unit of time. A bare m is left out: a minute, or a milli-something?
_TIMES = {
    name: length_s
    for names, length_s in (
        ("ns nanosecond nanoseconds", 1e-9),
        ("us µs microsecond microseconds", 1e-6),
        ("ms msec millisecond milliseconds", 1e-3),
        ("s sec secs second seconds", 1.0),
        ("min mins minute minutes", 60.0),
        ("h hr hrs hour hours", 3_600.0),
        ("d day days", 86_400.0),
    )
    for name in names.split()
}
_PERCENT = {"%", "percent", "pct", "percentage"}
#: Words for one thing, the first of which names it.
_THINGS = {
    word: names.split()[0]
    for names in (
        "request requests req reqs poll polls question questions hit hits query queries packet"
        " packets",
        "message messages msg msgs",
        "ping pings",
        "server servers machine machines",
        "receipt receipts ack acks acknowledgement acknowledgements puback pubacks",
        "write writes",
        "publish publishes",
        "client clients user users member members",
        "byte bytes b",
        "usd dollar dollars $",
        "times time x × fold",
    )
    for word in names.split()
}
_MAGNITUDES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mio": 1e6, "million": 1e6, "bn": 1e9}
_MAGNITUDES |= {"billion": 1e9}
_SHORT = {"rps": "requests a second", "hz": "/s", "qps": "requests a second"}
_PER = re.compile(r"\s*/\s*|\b(?:per|a|an|each|every|for each|for every)\b")


@dataclass(frozen=True, slots=True)
class Unit:
    """What stands behind a number.

    Attributes:
        kind: a length of time, percent, or a count.
        scale: seconds in one, of a time; 1 else.
        thing: what is counted; empty if it was left out.
        per_s: per so many seconds; None for none.
        per: per one of these; empty for none.
    """

    kind: Literal["time", "percent", "count"]
    scale: float = 1.0
    thing: str = ""
    per_s: float | None = None
    per: str = ""


def unit_from(text: str) -> Unit | None:
    """The unit that the words mean; None if they are no unit that the course knows."""
    words = text.strip().rstrip(".").lower().replace("per cent", "percent")
    words = _SHORT.get(words, words)
    if words in _PERCENT:
        return Unit("percent")
    if words in _TIMES and words:
        return Unit("time", _TIMES[words])
    head, *below = (part.strip().rstrip(".") for part in _PER.split(words, maxsplit=1))
    thing = _THINGS.get(head, "")
    if head and not thing:
        return None
    if not below:
        return Unit("count", thing=thing)
    if below[0] in _TIMES:
        return Unit("count", thing=thing, per_s=_TIMES[below[0]])
    if below[0] in _THINGS:
        return Unit("count", thing=thing, per=_THINGS[below[0]])
    return None


def magnitude(text: str) -> tuple[float, str]:
    """What a word such as ``million`` multiplies by, and the rest of the text."""
    found = re.match(r"\s*([^\W\d_]+)", text)
    word = found[1] if found else ""
    if word == "m" or word.lower() not in _MAGNITUDES:
        return 1.0, text
    assert found is not None
    return _MAGNITUDES[word.lower()], text[found.end() :]


def factor(given: Unit, asked: Unit) -> float | None:
    """What makes of a number in one unit that in the other; None if they measure other things.

    What was left out is taken for what was asked.
    """
    if given.kind != asked.kind:
        return None
    if given.kind == "time":
        return given.scale / asked.scale
    if given.thing and asked.thing and given.thing != asked.thing:
        return None
    if given.per and given.per != asked.per:
        return None
    if given.per_s is None:
        return 1.0
    return None if asked.per_s is None else asked.per_s / given.per_s
