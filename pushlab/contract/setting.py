"""What a key may hold, declared once: its type, its range, its unit, and what it means.

A `Setting` stands in ``Annotated`` beside the type of a dataclass's field::

    keep_alive_s: Annotated[float, Setting("silence after which ...", unit="s", above=0)] = 15.0

`keys_of` reads the declarations of a class. The checks of files and flags, the flags themselves,
the JSON Schema and the tables in the docs are all made of what it gives.
"""

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from pushlab.errors import UsageError

__all__ = ["Declared", "Key", "Setting", "did_you_mean", "keys_of", "shown"]

#: What a flag's name leaves out, since its value is read with a unit.
_ENDINGS = {"s": "_s", "1/s": "_per_s"}
_KINDS = {bool: "true or false", str: "text", list: "a list", dict: "a table"}
_KINDS |= {int: "a number", float: "a number", tuple: "a list", type(None): "null"}
_WANTED = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
_MOST_SHOWN = 60
_MOST_WHOLE = 2**1000  # what is larger is no float


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
        plain = _WANTED.get(self.kind, "what its transport takes")
        return f"{plain} {self.setting.range}".strip()

    def take(self, value: Any, where: str = "", refusal: type[UsageError] = UsageError) -> Any:
        """`value`, as a float where one is wanted; other kinds than these are not checked.

        Raises:
            UsageError: it is of another type, or out of range; a `refusal` that begins with
                `where`, or else with the key.
        """
        setting, taken = self.setting, value
        if self.kind is float and type(value) is int and abs(value) <= _MOST_WHOLE:
            taken = float(value)
        if self.words:
            fits = type(value) is str and value in self.words
        else:
            fits = type(taken) is self.kind or self.kind not in _WANTED
            fits = fits and not (self.is_number and not setting.holds(taken))
            fits = fits and not (setting.pattern and not re.search(setting.pattern, taken))
        if not fits:
            raise refusal(f"{where or self.name}: {self.refusal(value)}")
        return taken

    def fits(self, value: Any) -> bool:
        """Whether `take` takes it."""
        try:
            self.take(value)
        except UsageError:
            return False
        return True

    def refusal(self, value: object) -> str:
        """What is wrong with a value that does not fit, and what would be right."""
        if self.is_number and isinstance(value, int | float) and not isinstance(value, bool):
            if self.kind is int and isinstance(value, float):
                return f"must be a whole number, not {shown(value)}"
            return f"{shown(value)} is out of range; it must be {self.setting.range}"
        is_text = bool(self.words) or self.kind is str
        if not isinstance(value, str) or not is_text:
            plain = "text" if is_text else self.wanted.removesuffix(self.setting.range).strip()
            return f"must be {plain}, not {_kind(value)}"
        if self.words:
            return f"{shown(value)} is not {self.wanted}"
        hint = did_you_mean(value, self.wanted.split())
        return f"must be {self.wanted}, not {shown(value)}{hint}"


class Declared:
    """The base of dataclasses of `Setting`s: none holds a value that its field does not declare.

    Raises:
        UsageError: a value does not fit; the text has its key.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        for name, key in keys_of(type(self)).items():
            key.take(attrgetter(name)(self))


def keys_of(kind: type[Any], above: str = "", *, all_fields: bool = False) -> Mapping[str, Key]:
    """The keys that a dataclass declares, by name; those of a dataclass within it are dotted.

    Args:
        all_fields: with those that declare no `Setting`, as a plug-in's options may.
    """
    return _keys_of(kind, above, all_fields)  # type: ignore[arg-type]


@cache
def _keys_of(kind: Any, above: str, all_fields: bool) -> Mapping[str, Key]:
    hints = get_type_hints(kind, include_extras=True)
    found: dict[str, Key] = {}
    for field in dataclasses.fields(kind):
        hint, name = hints[field.name], above + field.name
        if dataclasses.is_dataclass(hint):
            found |= keys_of(hint, f"{name}.")  # type: ignore[arg-type]
            continue
        plain, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        declared = [note for note in notes if isinstance(note, Setting)]
        if declared or all_fields:
            found[name] = Key(name, plain, (declared or [Setting("")])[0], field.default)
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
