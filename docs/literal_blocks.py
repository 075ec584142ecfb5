"""The docstrings' literal blocks (``::``) as Markdown has them, for the reference."""

import re
from typing import Any

import griffe

__all__ = ["LiteralBlocks"]

_ALONE = re.compile(r"^\s*::\s*$", re.M)
_BEHIND = re.compile(r"::[ \t]*$", re.M)


class LiteralBlocks(griffe.Extension):
    """Turns ``text::`` into ``text:``, and lets a line that is ``::`` alone go."""

    def on_instance(self, *, obj: griffe.Object, **more: Any) -> None:
        """Griffe has read an object, and its docstring is not parsed yet."""
        if obj.docstring is not None:
            text = _ALONE.sub("", obj.docstring.value)
            obj.docstring.value = _BEHIND.sub(":", text)
