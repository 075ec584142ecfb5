"""How commands are declared, and what several of them have: values, folders, a scenario's keys.

A flag's ``dest`` is the keyword under which the command's function takes its value, so that what
argparse has read is the call; of two words, such as ``load clients``, the first is the keyword of a
table of all that was given. The keys of a scenario come from their one declaration.
"""

import argparse
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, TypeAlias, TypeVar

from pushlab.contract.setting import Key
from pushlab.errors import UsageError
from pushlab.quantities import (
    parse_bytes,
    parse_number,
    parse_rate_per_s,
    parse_seconds,
    parse_whole,
)

__all__ = [
    "Commands",
    "Group",
    "Parser",
    "add_architecture",
    "add_folder",
    "add_json",
    "add_keys",
    "add_no_charts",
    "assumed",
    "call_of",
    "in_one_line",
    "lazily",
    "names",
    "number",
    "quantity",
    "whole",
]

_Value = TypeVar("_Value")

_GROUPS = {"": "the work", "link": "the emulated network", "hub": "the hub's dials"}
_LETTERS = {"s": "T", "1/s": "R", "bytes": "SIZE", "ms": "MS", "kbit/s": "K"}


class _Formatter(argparse.HelpFormatter):
    """Lines that begin with a space stay as they are, as examples do; the rest is filled."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fill = super()._fill_text
        lines = (
            line if line[:1] in (" ", "") else fill(line, width, indent)
            for line in text.split("\n")
        )
        return "\n".join(lines)


class _Once(argparse.Action):
    """A flag that may be given once: of two, argparse would take the last and say nothing."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if option_string is not None:
            seen = vars(namespace).setdefault(_SEEN, set())
            if self in seen:
                lists = ": name all in one list, such as A,B" if self.metavar == "A,B,..." else ""
                parser.error(f"{'/'.join(self.option_strings)} was given twice{lists}")
            seen.add(self)
        super().__call__(parser, namespace, values, option_string)


class _Store(_Once, argparse._StoreAction): ...


class _StoreTrue(_Once, argparse._StoreTrueAction): ...


class _StoreFalse(_Once, argparse._StoreFalseAction): ...


class _OnOrOff(_Once, argparse.BooleanOptionalAction): ...


_ONCE = {None: _Store, "store": _Store, "store_true": _StoreTrue, "store_false": _StoreFalse}
_SEEN = "seen"


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and not the usage first. Its subparsers are such, too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_Formatter, **options)
        for name, action in _ONCE.items():
            self.register("action", name, action)

    def flag(self, name: str, metavar: str | None, about: str = "", **options: Any) -> None:
        """Add a flag that takes a value; what its default is, is told behind `about`."""
        if options.get("default") not in (None, []):
            told = f"default: {options['default']}"
            about = f"{about}; {told}" if about else told
        self.add_argument(name, metavar=metavar, help=about, **{"type": _not_empty, **options})

    def switch(self, name: str, about: str, **options: Any) -> None:
        """Add a flag that takes none; ``--no-x`` switches its `dest` off."""
        action = "store_false" if name.startswith("--no-") else "store_true"
        self.add_argument(name, action=action, help=about, **options)

    def error(self, message: str) -> NoReturn:
        """Leave with exit status 2."""
        self.exit(2, f"{self.prog}: {in_one_line(message)} (see {self.prog} --help)\n")


def in_one_line(message: str) -> str:
    """A message in one line, whatever was typed: a word of thousands of letters is cut."""
    line = " ".join(message.split())
    return re.sub(r"\S{500,}", lambda word: f"{word[0][:100]}…{word[0][-100:]}", line)


#: What ``add_subparsers()`` returns.
Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


class Group:
    """Commands that serve one purpose, under a title of their own in ``pushlab --help``."""

    def __init__(self, commands: Commands, title: str) -> None:
        self._commands = commands
        self.title = title
        self.names: dict[str, str] = {}

    def add(
        self,
        name: str,
        about: str,
        *,
        run: Callable[..., int],
        examples: tuple[str, str],
        more: str = "",
        units: str = "",
    ) -> Parser:
        """Add a command.

        Args:
            about: a line for the list of commands.
            run: called with what the flags say, by their ``dest``.
            examples: two command lines that run, without ``pushlab``.
            more: the description; `about` if empty.
            units: quantities with units that its flags take.
        """
        self.names[name] = about
        told = "\n".join(["Examples:", *(f"  pushlab {example}" for example in examples)])
        if units:
            told = f"Quantities take units: {units}.\n\n{told}"
        description = more or f"{about[0].upper()}{about[1:]}."
        command = self._commands.add_parser(name, help=about, description=description, epilog=told)
        command.set_defaults(run=run, examples=examples)
        return command


def call_of(arguments: argparse.Namespace) -> Mapping[str, Any]:
    """The keywords for the command's function. Raises UsageError."""
    values: dict[str, Any] = {}
    for name, value in vars(arguments).items():
        table, _, key = name.rpartition(" ")
        if table:
            values.setdefault(table, {}).update({} if value is None else {key: value})
        elif name not in ("command", "run", "examples", "newest", _SEEN):
            values[name] = value
    if getattr(arguments, "newest", False) and values["folder"] is None:
        from pushlab.runs import latest_run

        values["folder"] = latest_run(Path("results"))
    return values


def lazily(place: str) -> Callable[..., int]:
    """The function at ``module:name``, loaded when it is called."""

    def run(**asked: Any) -> int:
        module, _, name = place.partition(":")
        status: int = getattr(import_module(module), name)(**asked)
        return status

    return run


def add_architecture(command: Parser) -> None:
    """Add ``--architecture``: keys or kinds, as `find_architectures` takes them."""
    command.flag(
        "--architecture",
        "A,B,...",
        "whole architectures, by key or kind (containers, machines, serverless, managed, all):"
        " transports are compared within the first; default: containers",
    )


def assumed(text: str) -> Mapping[str, float]:
    """Guesses that somebody knows: ``headroom=0.4,reconnects_a_day=5``. Raises UsageError."""
    found = {}
    for part in text.split(","):
        name, is_there, value = (each.strip() for each in part.partition("="))
        if not is_there or not name:
            raise UsageError(f"{part!r} is not NAME=VALUE, such as reconnects_a_day=5")
        found[name] = parse_number(value)
    return found


# ---- values -------------------------------------------------------------------------------------


def whole(such: str) -> Callable[[str], int]:
    """What reads a whole number; `such` is one, for errors."""
    return _reader(partial(parse_whole, such=such))


def number(such: str) -> Callable[[str], float]:
    """What reads a number; `such` is one, for errors."""
    return _reader(partial(parse_number, such=such))


def _not_empty(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def names(text: str) -> list[str]:
    """Names with commas between, and blanks around them as one likes."""
    found = [name.strip() for name in text.split(",")]
    if not all(found):
        raise argparse.ArgumentTypeError(f"{text!r} has an empty name; it is a list such as A,B")
    return found


def _listed(
    read: Callable[[str], _Value], such: str, *, fractions: bool
) -> Callable[[str], "_Value | list[_Value]"]:
    """What reads one value as `read` does, and several with commas between as a list of them.

    Args:
        such: a list, for errors.
        fractions: one value may have a fraction, so ``1,5`` might be meant as one.
    """

    def read_all(text: str) -> "_Value | list[_Value]":
        if fractions and re.fullmatch(r"\d+,\d+", text, re.ASCII):
            one, blank = text.replace(",", "."), text.replace(",", ", ")
            raise argparse.ArgumentTypeError(
                f"{text!r} may be one value or two: write {one} for one, or '{blank}' for a sweep"
                " of two"
            )
        try:
            found = [read(word) for word in text.split(",")]
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentTypeError(f"{error}, or a list such as {such}") from error
        return found[0] if len(found) == 1 else found

    return read_all


def quantity(parse: Callable[[str], _Value]) -> Callable[[str], _Value]:
    """`parse` with the error that argparse shows; of a UsageError it would not show the text."""

    def read(text: str) -> _Value:
        try:
            return parse(text)
        except UsageError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read


def _reader(parse: Callable[[str], _Value]) -> Callable[[str], _Value]:
    """The same for one value where others take a list: no comma, which `parse` takes in 1,000."""

    def read(text: str) -> _Value:
        if "," in text:
            raise UsageError(f"{text!r} must be one value, without a comma")
        return parse(text)

    return quantity(read)


# ---- what several commands have -----------------------------------------------------------------


def add_folder(command: Parser, whose: str) -> None:
    """Let a command take a folder; the newest run's, if none is named."""
    command.add_argument(
        "folder", nargs="?", type=Path, help=f"{whose} folder; default: the newest"
    )
    command.set_defaults(newest=True)


def add_json(command: Parser, about: str) -> None:
    """``--json``."""
    command.add_argument("--json", action="store_true", dest="as_json", help=about)


def add_no_charts(command: Parser, about: str = "draw no charts") -> None:
    """``--no-charts``."""
    command.add_argument("--no-charts", action="store_false", dest="with_charts", help=about)


def add_keys(
    command: Parser, keys: Mapping[str, Key], *, swept: bool, defaults: bool = False
) -> None:
    """A flag for each key that has one, in the groups of their tables; into ``overrides``.

    Args:
        swept: whether a list of numbers may stand where a number stands.
        defaults: whether help tells them; where a scenario stands behind the flags, it has others.
    """
    groups: dict[str, Any] = {}
    for key in keys.values():
        if not key.setting.flag:
            continue
        table = key.name.rpartition(".")[0]
        if table not in groups:
            groups[table] = command.add_argument_group(_GROUPS.get(table, table))
        options = _options(key, swept)
        if defaults:
            options["help"] += f"; default: {_default_of(key)}"
        groups[table].add_argument(key.flag, dest=f"overrides {key.name}", **options)


def _default_of(key: Key) -> str:
    """As it may be given: ``15s``, ``4MiB``, ``1000``."""
    value = key.default
    if key.setting.unit == "s":
        return f"{value:g}s"
    if key.setting.unit != "bytes":
        return str(value)
    return f"{value // 2**20}MiB" if value % 2**20 == 0 else f"{value}B"


def _options(key: Key, swept: bool) -> dict[str, Any]:
    """What argparse must know of a flag."""
    options: dict[str, Any] = {"help": key.setting.help.replace("%", "%%"), "default": None}
    if key.kind is bool:
        return {**options, "action": _OnOrOff}
    if key.words:
        return {**options, "choices": key.words}
    options["metavar"] = _LETTERS.get(key.setting.unit, "N" if key.is_number else "TEXT")
    if not key.is_number:
        return options
    such, first = key.such, key.such.split()[0]
    by_unit: dict[str, Callable[[str], Any]] = {
        "s": _reader(parse_seconds),
        "1/s": _reader(parse_rate_per_s),
        "bytes": _reader(_whole_bytes),
    }
    read = by_unit.get(key.setting.unit) or (whole if key.kind is int else number)(such)
    if not swept:
        return {**options, "type": read}
    such = f"{first},{2 * float(first):g}"
    whole_alone = key.kind is int or key.setting.unit == "bytes"
    return {**options, "type": _listed(read, such, fractions=not whole_alone)}


def _whole_bytes(text: str) -> int:
    size = parse_bytes(text)
    if not size.is_integer():
        raise UsageError(f"{text!r} is not a whole number of bytes")
    return int(size)
