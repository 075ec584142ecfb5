"""What people write or set in the demonstrations: checked, trimmed, and never markup."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from pushlab.contract.setting import keys_of
from pushlab.errors import Refused, UsageError

__all__ = ["field", "key_of", "label", "taken", "text"]

#: Controls, lone surrogates, line and paragraph separators: nothing that a name can have.
_NOT_IN_A_LABEL = {"Cc", "Cs", "Zl", "Zp"}
#: Characters that turn the direction of what stands around them: a name could spoil a whole line.
_TURNING = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}

#: Letters and accents that show nothing: fillers of Hangul and Braille, joiners, variants' choices.
_BLANK = {*"\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0", *map(chr, range(0xFE00, 0xFE10))}


def field(body: dict[str, Any], name: str) -> str:
    """A field that must be text. Raises Refused (400 `bad-request`)."""
    value = body.get(name)
    if not isinstance(value, str):
        raise Refused(400, "bad-request", f'"{name}" must be text')
    return value


def label(body: dict[str, Any], name: str, *, most: int) -> str:
    """A field of one line, without the spaces at its ends. Raises Refused (400)."""
    value = field(body, name).strip()
    if not 1 <= len(value) <= most:
        raise Refused(400, f"bad-{name}", f"the {name} must have 1 to {most} characters")
    if any(unicodedata.category(c) in _NOT_IN_A_LABEL or c in _TURNING for c in value):
        raise Refused(400, f"bad-{name}", f"the {name} has a character that cannot be shown")
    if not _seen(value).strip():
        raise Refused(400, f"bad-{name}", f"the {name} has nothing that can be seen")
    return value


def text(body: dict[str, Any], name: str, *, most: int) -> str:
    """A field of any lines. Raises Refused (400)."""
    value = field(body, name)
    if not value.strip():
        raise Refused(400, f"bad-{name}", f"the {name} is empty")
    if len(value) > most:
        raise Refused(400, f"bad-{name}", f"the {name} has over {most:,} characters")
    for c in value:
        if unicodedata.category(c) == "Cs" or (unicodedata.category(c) == "Cc" and c not in "\n\t"):
            raise Refused(400, f"bad-{name}", f"the {name} has a character that cannot be shown")
    return value


def taken(kind: type[Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Values for the fields that a dataclass declares. Raises Refused (400 `bad-setting`)."""
    keys = keys_of(kind)
    try:
        for name in body.keys() - keys.keys():
            raise UsageError(f"there is no setting {name!r}; there are: {', '.join(keys)}")
        return {name: keys[name].take(value) for name, value in body.items()}
    except UsageError as error:
        raise Refused(400, "bad-setting", str(error)) from error


def key_of(name: str) -> str:
    """What two names have in common that look the same."""
    return " ".join(unicodedata.normalize("NFKC", _seen(name)).casefold().split())


def _seen(value: str) -> str:
    """Without what nobody sees: marks of format, such as spaces of no width, and blank letters."""
    return "".join(c for c in value if unicodedata.category(c) != "Cf" and c not in _BLANK)
