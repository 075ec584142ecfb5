"""A scenario file: its TOML as data, and the line on which each key of it stands.

Whatever is wrong with a file is told as ``file:line: key: what, and what would be right``. Python's
own reader of TOML keeps no lines; where an error needs one, the file is read again from its top,
statement by statement, until the key is there.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from pushlab.contract.setting import did_you_mean
from pushlab.documents import toml_data
from pushlab.errors import ScenarioError
from pushlab.lab.scenario.trace_file import with_trace

__all__ = ["Source", "builtin_scenarios", "parse_toml", "read_source"]

_FOLDER = files("pushlab.lab.scenario") / "standard"
_MOST_BYTES = 1_000_000
_MOST_LINES = 2_000  # in a longer file errors name the key alone


@dataclass(frozen=True, slots=True)
class Source:
    """What a scenario is made of.

    Attributes:
        data: as the file has it, unchecked.
        file: what errors call it.
        default: the scenario's name, unless the data have one.
        text: the TOML; empty where the data come from elsewhere.
        folder: in which the file lies; empty: it is no file of the user's.
    """

    data: Mapping[str, Any]
    file: str
    default: str = "scenario"
    text: str = field(default="", repr=False)
    folder: str = ""

    def where(self, key: str) -> str:
        """``file:line: key``, or without a line where none is known."""
        line, at = None, key
        while at and line is None:  # what is missing belongs on the line of its table
            line = _line_of(self.text, at)
            at = at.rpartition(".")[0]
        return f"{self.file}:{line}: {key}" if line else f"{self.file}: {key}"


def builtin_scenarios() -> list[str]:
    """The names of the scenarios that come with pushlab."""
    names = [entry.name for entry in _FOLDER.iterdir()]
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def read_source(name_or_path: str | Path) -> Source:
    """What a scenario's file says, unchecked.

    Args:
        name_or_path: a scenario of pushlab's own by name, or any file ending in ``.toml``.

    Raises:
        ScenarioError: there is no such file, or it is not TOML.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(".toml") or "/" in text:
        path = Path(name_or_path)
        try:
            with path.open("rb") as file:
                read = file.read(_MOST_BYTES + 1)
        except FileNotFoundError:
            raise ScenarioError(f"{path}: no such scenario file") from None
        except OSError as error:
            raise ScenarioError(f"{path}: cannot be read ({error.strerror})") from error
        except ValueError as error:  # a path with a zero byte
            raise ScenarioError(f"{text!r}: is no path ({error})") from error
        if len(read) > _MOST_BYTES:
            raise ScenarioError(f"{path}: is over {_MOST_BYTES:,} bytes; no scenario is so long")
        try:
            found = parse_toml(read.decode(), str(path), default=path.stem)
        except UnicodeDecodeError as error:
            raise ScenarioError(f"{path}: is not UTF-8 text ({error.reason})") from error
        data = with_trace(found.data, path.parent, found.where("trace"))
        return replace(found, data=data, folder=str(path.parent.absolute()))
    known = builtin_scenarios()
    if text not in known:
        raise ScenarioError(
            f"unknown scenario {text!r}{did_you_mean(text, known)} (known: {', '.join(known)}; or"
            " give the path of a .toml file)"
        )
    source = (_FOLDER / f"{text}.toml").read_text(encoding="utf-8")
    return parse_toml(source, f"{text}.toml", default=text)


def parse_toml(text: str, file: str, *, default: str = "scenario") -> Source:
    """TOML text as a source. Raises ScenarioError, which begins with `file`."""
    return Source(toml_data(text, file, ScenarioError), file, default, text)


def _line_of(text: str, key: str) -> int | None:
    """The line on which `key`, such as ``transport[1].interval_s``, is given; from 1."""
    lines = text.splitlines(keepends=True)
    if len(lines) > _MOST_LINES:
        return None
    steps = key.replace("[", ".").replace("]", "").split(".")
    begun = 0  # the statement under way begins behind this line
    for number in range(1, len(lines) + 1):
        try:
            data: Any = tomllib.loads("".join(lines[:number]))
        except (ValueError, RecursionError):  # in mid-statement
            continue
        try:
            for step in steps:
                data = data[int(step) if isinstance(data, list) else step]
        except (LookupError, TypeError, ValueError):
            begun = number
        else:
            return begun + 1
    return None
