"""What a key may hold, declared once: its type, its range, its unit, and what it means.

A `Setting` stands in ``Annotated`` beside the type of a dataclass's field::

    keep_alive_s: Annotated[float, Setting("silence after which ...", unit="s", above=0)] = 15.0

`keys_of` reads the declarations of a class. The checks of files and flags, the flags themselves,
the JSON Schema and the tables in the docs are all made of what it gives.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

__all__ = ["Key", "Setting", "did_you_mean", "keys_of", "shown"]

#: What a flag's name leaves out, since its value is read with a unit.
_ENDINGS = {"s": "_s", "1/s": "_per_s"}
_KINDS = {bool: "true or false", str: "text", list: "a list", dict: "a table"}
_KINDS |= {int: "a number", float: "a number", tuple: "a list", type(None): "null"}
_MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Setting:
    """What a key may hold, beside its type.

    Attributes:
        help: what it means, in a few words; a flag's help and a line of the docs.
        unit: ``s``, ``1/s``, ``bytes``, ...; empty for counts and words.
        least, above, most: the range; finite numbers alone are in one.
        pattern: what a text must match; `such` says so in words. Of a number, `such` is an example;
            the default is, without it.
        flag: whether the command line has a flag for it.
    """

    help: str
    _: dataclasses.KW_ONLY
    unit: str = ""
    least: float | None = None
    above: float | None = None
    most: float | None = None
    pattern: str | None = None
    such: str = ""
    flag: bool = True

    def holds(self, value: float) -> bool:
        """Whether a number lies in the range."""
        low = -math.inf if self.least is None else self.least
        high = math.inf if self.most is None else self.most
        return low <= value <= high and (self.above is None or value > self.above)

    @property
    def range(self) -> str:
        """The range in words: ``from 1 to 32,767``; empty where there is none."""
        low = f"from {self.least:,}" if self.least is not None else ""
        low = f"above {self.above:,}" if self.above is not None else low
        if self.most is None:
            return low
        to = "to" if self.least is not None else "and at most" if low else "at most"
        return f"{low} {to} {self.most:,}".strip()


@dataclass(frozen=True, slots=True)
class Key:
    """One key: where it stands, its type, what it may hold, and its default.

    Attributes:
        name: with its table, as in ``link.one_way_ms``.
        kind: int, float, bool, str, or a Literal of words.
        default: `dataclasses.MISSING` where it must be given.
    """

    name: str
    kind: Any
    setting: Setting
    default: Any

    @property
    def own(self) -> str:
        """The name within its table."""
        return self.name.rpartition(".")[2]

    @property
    def flag(self) -> str:
        """On the command line: ``--rate`` for ``rate_per_s``, since its value may have a unit."""
        ending = _ENDINGS.get(self.setting.unit, "")
        return f"--{self.own.removesuffix(ending).replace('_', '-')}"

    @property
    def such(self) -> str:
        """An example of it, for errors."""
        return self.setting.such or f"{self.default:g}"

    @property
    def is_number(self) -> bool:
        """Whether it may be swept: a list of numbers may stand in its place."""
        return self.kind in (int, float)

    @property
    def words(self) -> tuple[str, ...]:
        """The words to choose from; empty where it is not a Literal."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    @property
    def wanted(self) -> str:
        """What it holds, in words: ``a whole number from 1 to 1,000``."""
        if self.words:
            return f"one of {', '.join(self.words)}"
        if self.kind is str:
            return self.setting.such or "text"
        plain = {int: "a whole number", float: "a number", bool: "true or false"}[self.kind]
        return f"{plain} {self.setting.range}".strip()

    def refusal(self, value: object) -> str:
        """What is wrong with a value that does not fit, and what would be right."""
        if self.is_number and isinstance(value, int | float) and not isinstance(value, bool):
            if self.kind is int and isinstance(value, float):
                return f"must be a whole number, not {shown(value)}"
            return f"{shown(value)} is out of range; it must be {self.setting.range}"
        if not isinstance(value, str) or not (self.words or self.kind is str):
            plain = self.wanted.removesuffix(self.setting.range).strip()
            return (
                f"must be {'text' if self.words or self.kind is str else plain}, not {_kind(value)}"
            )
        if self.words:
            return f"{shown(value)} is not {self.wanted}"
        return (
            f"must be {self.wanted}, not {shown(value)}{did_you_mean(value, self.wanted.split())}"
        )


def keys_of(kind: type[Any], above: str = "") -> Mapping[str, Key]:
    """The keys that a dataclass declares, by name; those of a dataclass within it are dotted."""
    return _keys_of(kind, above)  # type: ignore[arg-type]


@cache
def _keys_of(kind: Any, above: str) -> Mapping[str, Key]:
    hints = get_type_hints(kind, include_extras=True)
    found: dict[str, Key] = {}
    for field in dataclasses.fields(kind):
        hint, name = hints[field.name], above + field.name
        if dataclasses.is_dataclass(hint):
            found |= keys_of(hint, f"{name}.")  # type: ignore[arg-type]
        elif get_origin(hint) is Annotated:
            plain, *notes = get_args(hint)
            for setting in notes:
                if isinstance(setting, Setting):
                    found[name] = Key(name, plain, setting, field.default)
    return found


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """``; did you mean clients?``, or nothing where no known word is close."""
    close = get_close_matches(word[:200], [one.strip(",") for one in known], n=1)
    return f"; did you mean {close[0]}?" if close else ""


def shown(value: object) -> str:
    """A value in one line of a message, cut where it is long."""
    try:
        text = repr(value) if isinstance(value, str) else str(value)
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _kind(value: object) -> str:
    return _KINDS.get(type(value), type(value).__name__)
