"""TOML and JSON text to data, strictly: a number that is none, a key that stands twice, nesting
without end are told in one line, whatever the libraries say of them."""

import json
import math
import re
import tomllib
from typing import Any

from pushlab.contract.setting import shown
from pushlab.errors import UsageError

__all__ = ["json_data", "toml_data"]

_DEEP = "lists within lists without end"


def toml_data(text: str, file: str, refusal: type[UsageError] = UsageError) -> dict[str, Any]:
    """TOML text as data. Raises `refusal`, which begins with `file`; of syntax, with the line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise refusal(f"{file}: not TOML: {_one_line(error)}") from error
    except RecursionError as error:
        raise refusal(f"{file}: cannot be read: {_DEEP}") from error
    except ValueError as error:
        raise refusal(f"{file}: cannot be read: {_told(error, text)}") from error


def json_data(text: str | bytes, file: str, refusal: type[UsageError] = UsageError) -> Any:
    """JSON text (of bytes: in UTF-8) as data. Raises `refusal`, which begins with `file`."""
    try:
        text = text.decode() if isinstance(text, bytes) else text
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_finite,
            parse_float=_finite,
        )
    except ValueError as error:  # bad JSON, or bytes that are not UTF-8
        raise refusal(f"{file}: damaged or cut off, not JSON ({_told(error, text)})") from error
    except RecursionError as error:
        raise refusal(f"{file}: cannot be read: {_DEEP}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {shown(twice)} stands twice")
    return found


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {shown(text)} is not finite")
    return value


def _told(error: ValueError, text: str | bytes) -> str:
    """What is wrong, in a line; of a number of more digits than Python reads, where it stands."""
    if "integer string conversion" in str(error):
        before = re.split(r"(?:\d_?){4301}", str(text), maxsplit=1)[0]
        return f"line {before.count(chr(10)) + 1}: a number of thousands of digits"
    return _one_line(error)


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else f"{text[:200]}…"
