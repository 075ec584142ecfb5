"""Arguments that several commands have, and how their values and errors read."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeAlias, TypeVar

from pushlab.errors import UsageError
from pushlab.quantities import (
    parse_number,
    parse_rate_per_s,
    parse_seconds,
    parse_whole,
)

__all__ = [
    "Commands",
    "Parser",
    "add_folder",
    "listed",
    "number",
    "rate_per_s",
    "run_folder",
    "seconds",
    "whole",
]

_Value = TypeVar("_Value")


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and not the usage first. Its subparsers are such, too."""

    def error(self, message: str) -> NoReturn:
        """Leave with exit status 2."""
        told = " ".join(message.split())  # what was typed may hold a line break
        self.exit(2, f"{self.prog}: {told} (see {self.prog} --help)\n")


#: What ``add_subparsers()`` returns.
Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def whole(such: str) -> Callable[[str], int]:
    """What reads a whole number; `such` is one, for errors."""
    return _reader(partial(parse_whole, such=such))


def number(such: str) -> Callable[[str], float]:
    """What reads a number; `such` is one, for errors."""
    return _reader(partial(parse_number, such=such))


def seconds(text: str) -> float:
    """Read a span of time; a plain number is seconds."""
    return _reader(parse_seconds)(text)


def rate_per_s(text: str) -> float:
    """Read a rate; a plain number is so many per second."""
    return _reader(parse_rate_per_s)(text)


def listed(read: Callable[[str], _Value], such: str) -> Callable[[str], "_Value | list[_Value]"]:
    """What reads one value as `read` does, and several with commas between as a list of them.

    Args:
        such: a list, for errors.
    """

    def read_all(text: str) -> "_Value | list[_Value]":
        try:
            found = [read(word) for word in text.split(",")]
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentTypeError(f"{error}, or a list such as {such}") from error
        return found[0] if len(found) == 1 else found

    return read_all


def _reader(parse: Callable[[str], _Value]) -> Callable[[str], _Value]:
    """`parse` with the error that argparse shows; of a UsageError it would not show the text."""

    def read(text: str) -> _Value:
        if "," in text:  # a list to some flags, and thousands to `parse`: better no guess
            raise argparse.ArgumentTypeError(f"{text!r} must be one value, without a comma")
        try:
            return parse(text)
        except UsageError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read


def add_folder(command: argparse.ArgumentParser, whose: str) -> None:
    """Let a command take a folder; see `run_folder`."""
    command.add_argument(
        "folder", nargs="?", type=Path, help=f"{whose} folder; default: the newest"
    )


def run_folder(arguments: argparse.Namespace) -> Path:
    """The folder that was named, or the newest run's. Raises UsageError."""
    from pushlab.runs import latest_run

    return arguments.folder or latest_run(Path("results"))
