"""Closed forms that people write."""

from pushlab.course.builds.attempts import Attempt, but
from pushlab.course.builds.poll_formula import BUILDS

_CODE = BUILDS[0].code

#: What is written in place of what, and which mistake that is.
_WRONG = (
    ("the longest wait for the average", "interval_s / 2", "interval_s", "the longest"),
    ("milliseconds", "interval_s / 2", "1000 * interval_s / 2", "milliseconds"),
    ("twice the longest", '"longest_s": interval_s', '"longest_s": 2 * interval_s', "twice"),
    ("multiplies", "clients / interval_s", "clients * interval_s", "multiplied"),
    ("one client", "clients / interval_s", "1 / interval_s", "per client"),
    ("by the rate", "clients / interval_s", "clients * rate_per_s", "by the rate"),
    ("no chance", "exp(-expected)", "1 - expected", "no chance"),
    ("what finds", "exp(-expected)", "1 - exp(-expected)", "the other part"),
    ("percent", '"in_vain": in_vain', '"in_vain": 100 * in_vain', "percent"),
    ("forgets the minus", "exp(-expected)", "exp(expected)", "sign"),
    ("divides rate and interval", "exp(-expected)", "exp(-interval_s / rate_per_s)", "divided"),
    ("forgets the interval", "exp(-expected)", "exp(-rate_per_s)", "without the interval"),
    ("upside down", "1 / expected if", "expected if", "upside down"),
    ("counts all clients", "1 / expected if", "clients / expected if", "of all clients"),
    ("counts the empty ones", "expected / (1 - in_vain)", "expected", "of all answers"),
    ("divides by the wrong share", "(1 - in_vain)", "in_vain", "the empty ones"),
    ("leaves one out", '"longest_s": interval_s', '"longest_s": ...', "not filled in"),
    ("text", "clients / interval_s", '"clients / interval"', "no number"),
    ("another key", '"in_vain": in_vain', '"wasted": in_vain', "a key is missing"),
    ("does not think of silence", "1 / expected if expected else inf", "1 / expected", "raises"),
    ("broken: a name that is not there", "exp(-expected)", "exp(-expectd)", "raises"),
    ("broken: text and number", "clients / interval_s", 'clients / "1"', "raises"),
)  # fmt: skip

ATTEMPTS = (
    *(
        Attempt(name=name, code=but(_CODE, (old, new)), mistake=mistake)
        for name, old, new, mistake in _WRONG
    ),
    Attempt(
        name="prints and returns nothing",
        code=but(_CODE, ("return {", "print({"), ("    }\n", "    })\n")),
        mistake="no dictionary",
        says="returns NoneType",
    ),
    Attempt(
        name="nearly: nobody writes",
        code=but(_CODE, ("else 1,", "else 0,")),
        mistake="",
        says="where the rate is 0",
    ),
    Attempt(
        name="takes other parameters",
        code=but(_CODE, ("clients, interval_s", "clients")).replace("interval_s", "1"),
        mistake="parameters",
        says="polling(clients, interval_s, rate_per_s)",
    ),
)
