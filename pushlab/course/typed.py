"""What a student typed as a number: read as people write them, or asked back, and never guessed.

Decimal commas, thousands in any country's way, powers of ten, units. What can be read in two ways
is asked back with both, since a wrong reading would be answered with a wrong reply.
"""

import math
import re
import unicodedata
from dataclasses import dataclass

from pushlab.course.units import Unit, factor, magnitude, unit_from
from pushlab.quantities import exact

__all__ = ["Reading", "Unclear", "in_words", "read", "untouched"]


class Unclear(ValueError):
    """It cannot be read as one number; the text asks back."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A number as it was understood.

    Attributes:
        as_typed: how it was typed, if that is not how Python would write it; else empty.
    """

    value: float
    as_typed: str = ""


_SAME = str.maketrans(
    {"−": "-", "–": "-", "，": ",", "．": ".", "٫": ".", "٬": "'", "％": "%", "٪": "%", "μ": "µ"}
    | {"’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'"}
)  # fmt: skip
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_ABOUT = re.compile(r"^(?:about|around|roughly|approximately|approx\.?|circa|ca\.?|[~≈=])\s*", re.I)
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)\s*(?P<digits>[.,]?\d(?:[\d_.,' ]*\d)?[.,]?)"
    r"(?P<power>[eE][+-]?\d+|\s*[x×*·]\s*10\s*(?:\^|\*\*)\s*[+-]?\d+)?"
)
_POWER_OF_TEN = re.compile(r"(?P<sign>[+-]?)10\s*(?:\^|\*\*)\s*(?P<power>[+-]?\d+)")
_ARITHMETIC = re.compile(r"[\d\s.,_()+*/^×]+")
_SPANS = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)\.?(?:\s*(?:,|and)?\s*)", re.I)
_GROUPS = re.compile(r"\d{1,3}(?:S\d{3})+|\d{1,2}(?:S\d{2})+S\d{3}")  # S: what divides thousands


def untouched(answer: object) -> bool:
    """Whether nothing was put in place of the dots."""
    return answer is None or answer is ... or answer == () or _text(answer) in ("", "...", "…", "?")


def _text(answer: object) -> str | None:
    return answer.strip() if isinstance(answer, str) else None


def read(answer: object, unit: str = "") -> Reading:
    """The number that was meant, in the unit that was asked for.

    Args:
        unit: such as ``s``, ``%`` or ``requests a second``; empty for a bare number.

    Raises:
        Unclear: it is none, or may be two.
    """
    asked = f"Give one number{_in(unit)}."
    if isinstance(answer, tuple | list | set) and len(answer) == 1:
        (answer,) = answer
    if isinstance(answer, str):
        reading = _from_text(answer, unit)
    elif isinstance(answer, tuple) and len(answer) > 1:
        reading = _from_tuple(answer)
    elif isinstance(answer, bool | bytes | bytearray | type):
        raise Unclear(asked)
    else:
        try:
            reading = Reading(float(answer))  # type: ignore[arg-type]
        except Exception:  # whatever somebody's object may raise
            raise Unclear(asked) from None
    if not math.isfinite(reading.value):
        raise Unclear(f"{asked} `{reading.value}` is none.")
    return reading


def _in(unit: str) -> str:
    return {"": "", "s": " in seconds", "%": " in percent"}.get(unit, f" ({unit})")


def _from_tuple(parts: tuple[object, ...]) -> Reading:
    """What a comma without quotes makes of a number: two, for Python."""
    shown = ", ".join(map(repr, parts))
    if all(type(part) is int for part in parts):
        first, *others = (int(str(part)) for part in parts)
        if len(others) == 1 and others[0] > 0 and (len(str(others[0])) != 3 or first == 0):
            return Reading(float(f"{first}.{others[0]}"), shown.replace(" ", ""))
        if all(each == 0 or 100 <= each <= 999 for each in others) and 0 < abs(first) <= 999:
            whole = f"{first}" + "".join(f"{each:03}" for each in others)
            decimal = f" or {first}.{others[0]}" if len(others) == 1 else ""
            raise Unclear(
                f"Python takes `{shown}` for {len(parts)} numbers. Write {whole}{decimal}, without"
                " a comma."
            )
    raise Unclear(f"Python takes `{shown}` for {len(parts)} numbers. Give one, with a point.")


def _from_text(answer: str, unit: str) -> Reading:
    raised = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda found: f"^{found[0].translate(_RAISED)}", answer)
    text = "".join(
        str(unicodedata.decimal(each)) if each.isdecimal() else " " if each.isspace() else each
        for each in raised.strip().translate(_SAME)
    )
    text = _ABOUT.sub("", text.strip("\"' "))
    if text.startswith("$"):
        text = f"{text[1:].strip()} $"
    try:
        return Reading(float(text)) if text.isascii() and "_" not in text else _read(text, unit)
    except ValueError as error:
        if isinstance(error, Unclear):
            raise
        return _read(text, unit)


def _read(text: str, unit: str) -> Reading:
    spans = _spans(text)
    if spans is not None and unit == "s":
        return Reading(spans, text)
    ten = _POWER_OF_TEN.match(text)
    found = ten or _NUMBER.match(text)
    if found is None:
        raise Unclear(f"`{text}` is no number. Give one{_in(unit)}, in digits.")
    rest = text[found.end() :]
    if rest.strip() and _ARITHMETIC.fullmatch(text):
        raise Unclear(f"Take the quotes away, and Python computes it: {text.strip()}")
    sign = -1 if found["sign"] == "-" else 1
    value = 1.0 if ten else _plain(found["digits"], thousands=_is_counted(unit))
    if found["power"]:
        tens = re.search(r"[+-]?\d+$", found["power"])
        assert tens is not None
        value = _scaled(value, int(tens[0]))
    times, rest = magnitude(rest)
    return Reading(sign * value * times * _converted(rest, unit, text), text)


def _scaled(value: float, tens: int) -> float:
    try:
        return float(f"{value!r}e{tens}") if "e" not in repr(value) else value * 10.0**tens
    except OverflowError:
        return math.inf


def _converted(words: str, unit: str, text: str) -> float:
    """The factor from the unit that was typed to the one that was asked for. Raises Unclear."""
    if not words.strip(" ."):
        return 1.0
    if words.strip(" .") in ("m", "M"):
        raise Unclear(f"`{text}`: what does the m stand for? Write ms, min or million.")
    if re.search(r"\d", words):
        raise Unclear(f"`{text}` has more than one number in it. Give one{_in(unit)}.")
    given, asked = unit_from(words), unit_from(unit) or Unit("count")
    if given is None:
        raise Unclear(
            f"`{words.strip()}` is a unit that I do not know. Give one number{_in(unit)}."
        )
    made = factor(given, asked)
    if made is None:
        raise Unclear(f"You wrote `{words.strip()}`. Give one number{_in(unit)}.")
    return made


def _spans(text: str) -> float | None:
    """Seconds of ``2 min 30 s``; None if it is no such thing."""
    pieces = _SPANS.findall(text)
    if len(pieces) < 2 or _SPANS.sub("", text).strip():
        return None
    units = [unit_from(name) for _, name in pieces]
    if any(each is None or each.kind != "time" for each in units):
        return None
    return sum(float(n) * each.scale for (n, _), each in zip(pieces, units, strict=True) if each)


def _is_counted(unit: str) -> bool:
    """Whether so many things are asked for, in all or per time: then 2,000 is two thousand.

    The course writes them so itself. Of seconds, per cent and multiples it may be two.
    """
    asked = unit_from(unit) if unit else None
    return asked is not None and asked.kind == "count" and not asked.per and asked.thing != "times"


def _plain(digits: str, *, thousands: bool) -> float:
    """Digits with points, commas, spaces and apostrophes in them. Raises Unclear.

    Args:
        thousands: what a single comma before three digits divides; else that is asked back.
    """
    digits = digits.replace("_", "")
    marks = [each for each in digits if not each.isdigit()]
    kinds = list(dict.fromkeys(marks))
    unclear = Unclear(f"`{digits}` can be read in more than one way. Write it without commas.")
    if not kinds:
        return float(digits)
    if len(kinds) > 2 or (len(kinds) == 2 and marks.count(kinds[-1]) > 1):
        raise unclear
    *groups, last = kinds
    if not groups and (last in " '" or marks.count(last) > 1):
        groups, last = [last], ""  # all of them divide thousands
    if last and last in " '":
        raise unclear
    whole, _, part = digits.partition(last) if last else (digits, "", "")
    if groups:
        if not re.fullmatch(_GROUPS.pattern.replace("S", re.escape(groups[0])), whole):
            raise unclear
        whole = whole.replace(groups[0], "")
    elif last == "," and len(part) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0":
        if thousands:
            return float(whole + part)
        raise Unclear(f"Do you mean {whole}{part}, or {whole}.{part}? Write it without the comma.")
    return float(f"{whole or 0}.{part or 0}")


def in_words(reading: Reading, unit: str) -> str:
    """How it was understood, for whoever typed it otherwise; empty if there is nothing to say."""
    told = f"{exact(reading.value)} {unit}".strip()
    as_typed = reading.as_typed.replace(" ", "")
    if as_typed in ("", exact(reading.value), told.replace(" ", "")):
        return ""
    return f"I read `{reading.as_typed}` as {told}."
