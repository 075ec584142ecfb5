"""How a page is made and written: what all of pushlab's pages share."""

import contextlib
import errno
import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from pushlab.errors import NotWritten

__all__ = ["template", "written"]

_FOLDER = files("pushlab.charts.report")


def template(name: str) -> Template:
    """A page's template; it finds the shared style as `style`."""
    environment = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style"] = Markup(_text("page.css"))
    return environment.get_template(name)


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def written(out: Path, make: Callable[[], str]) -> Path:
    """Write the page that `make` gives to the file `out`, whole or not at all; returns its path.

    Raises:
        NotWritten: the file cannot be written; told before the page is made.
    """
    partial = out.with_name(out.name + ".partial")
    try:
        if out.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with partial.open("w", encoding="utf-8") as page:
            page.write(make())
        partial.replace(out)
    except OSError as error:
        raise NotWritten(f"{out}: cannot be written ({error.strerror})") from error
    finally:
        with contextlib.suppress(OSError):  # there is none where it could not be opened
            partial.unlink()
    return out
