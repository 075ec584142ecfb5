"""Recordings: what a cell showed once, for whoever has no server, found by what the cell asks for.

A recording is a JSON file whose name is made of what was asked, each argument with its value, the
defaults filled in. So a cell finds the recording that was made with exactly its settings, or none.
Pure Python, so that it works in a browser tab.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pushlab.course.trouble import CourseError

__all__ = ["FOLDER", "LISTED", "Asked", "canonical", "find", "needed", "place_of", "save"]

Asked = Mapping[str, Any]

FOLDER = files("pushlab.course").joinpath("recorded")
#: Set to a file's name: each recording that is looked at is listed there, for who makes them.
LISTED = "PUSHLAB_COURSE_RECORDINGS_USED"
_FORMAT = 1
_MOST_NEAR = 2


def canonical(value: Any) -> Any:
    """The same as plain JSON has it: 1 is 1.0, and the order of keys says nothing."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): canonical(value[key]) for key in sorted(value)}
    if isinstance(value, Sequence):
        return [canonical(each) for each in value]
    raise CourseError(f"{value!r} is no number and no text, so it cannot be a setting")


def place_of(kind: str, asked: Asked) -> str:
    """The name of the file with the recording of that kind of cell."""
    told = json.dumps([kind, canonical(asked)], sort_keys=True)
    return f"{kind}-{hashlib.sha256(told.encode()).hexdigest()[:12]}.json"


def find(kind: str, asked: Asked) -> Mapping[str, Any] | None:
    """What was recorded with exactly these settings; None if nothing was."""
    name = place_of(kind, asked)
    _list(name)
    file = FOLDER.joinpath(name)
    if not file.is_file():
        return None
    told: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return told["shown"] if told["format"] == _FORMAT else None


def needed(kind: str, asked: Asked, why: str) -> Mapping[str, Any]:
    """What was recorded with exactly these settings.

    Args:
        why: no server is there, in words.

    Raises:
        CourseError: nothing was; the text says which recordings are near.
    """
    found = find(kind, asked)
    if found is None:
        raise CourseError(
            f"{why}, and there is no recording with these settings{_near(kind, asked)}"
        )
    return found


def save(kind: str, asked: Asked, shown: Mapping[str, Any]) -> Path:
    """Write a recording down, in place of an older one."""
    path = Path(str(FOLDER.joinpath(place_of(kind, asked))))
    told = {"format": _FORMAT, "kind": kind, "asked": canonical(asked), "shown": shown}
    path.write_text(json.dumps(told, separators=(",", ":")) + "\n", encoding="utf-8")
    return path


def _list(name: str) -> None:
    if path := os.environ.get(LISTED):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")


def _near(kind: str, asked: Asked) -> str:
    """Which recordings differ least, by what they differ in: empty, or a sentence's end."""
    mine = canonical(asked)
    found: list[tuple[int, str]] = []
    for file in FOLDER.iterdir():
        if not file.name.startswith(f"{kind}-"):
            continue
        other = json.loads(file.read_text(encoding="utf-8"))["asked"]
        apart = [key for key in sorted({*mine, *other}) if mine.get(key) != other.get(key)]
        if apart and "transports" not in apart and "transport" not in apart:
            told = ", ".join(
                f"{key}={_shown(other[key])}" if key in other else f"without {key}" for key in apart
            )
            found.append((len(apart), told))
    nearest = [told for _, told in sorted(found)[:_MOST_NEAR]]
    return f"; near are {' and '.join(nearest)}" if nearest else ""


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return _shown(value[0]) if len(value) == 1 else f"[{', '.join(map(_shown, value))}]"
    return repr(value)
