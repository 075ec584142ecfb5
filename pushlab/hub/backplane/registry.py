"""The registry of backplanes: `memory`, `redis` and anybody's plug-in stand in it alike."""

import os
from importlib.metadata import EntryPoint, entry_points
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from pushlab.contract.setting import did_you_mean
from pushlab.errors import MissingExtra, UsageError
from pushlab.hub.backplane.backplane import Backplane

__all__ = [
    "GROUP",
    "MEMORY",
    "OWN",
    "backplane_class",
    "backplane_names",
    "shown",
    "with_log_in",
    "with_prefix",
]

GROUP = "pushlab.backplanes"
MEMORY = "memory"
#: Not a URL: pushlab starts a Redis for itself.
OWN = "redis"


def backplane_names() -> list[str]:
    """The schemes of backplanes that are installed."""
    return sorted(entry.name for entry in entry_points(group=GROUP))


def shown(url: str) -> str:
    """The URL as it may be told: without user and password, and without its settings."""
    scheme, mark, rest = url.partition("://")
    place = rest.partition("?")[0]
    return f"{scheme}{mark}{place.rpartition('@')[2]}"


def with_log_in(url: str) -> str:
    """The URL with the password of ``PUSHLAB_BACKPLANE_PASSWORD``, if there is one, and a place."""
    password = os.environ.get("PUSHLAB_BACKPLANE_PASSWORD", "")
    scheme, mark, rest = url.partition("://")
    if not (password and mark) or "@" in rest:
        return url
    return f"{scheme}://:{quote(password, safe='')}@{rest}"


def with_prefix(url: str, prefix: str) -> str:
    """The URL of a place in it that has this name."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "prefix"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("prefix", prefix)])))


def backplane_class(url: str) -> type[Backplane]:
    """The backplane of that URL, such as ``redis://localhost:6379/0``, or of that name.

    Raises:
        UsageError: there is none, or its entry point names something else.
        MissingExtra: it needs a package that is not installed.
    """
    name = url.partition(":")[0]
    found = [entry for entry in entry_points(group=GROUP) if entry.name == name]
    if not found:
        known = backplane_names()
        raise UsageError(
            f"unknown backplane {name!r}{did_you_mean(name, known)} (known: {', '.join(known)};"
            " such as redis://localhost:6379/0)"
        )
    try:
        loaded = found[0].load()
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        raise MissingExtra(
            f"the backplane {name!r} needs the module {module!r}, which is not installed; try:"
            f" pip install '{_with_extra(found[0], module)}'"
        ) from error
    if not (isinstance(loaded, type) and issubclass(loaded, Backplane)):
        raise UsageError(f"backplane {name!r}: {found[0].value} is not a Backplane class")
    return loaded


def _with_extra(entry: EntryPoint, module: str) -> str:
    """What to install for a module that a backplane lacks: its package, with the extra of it."""
    if entry.dist is None:
        return module
    extras = entry.dist.metadata.get_all("Provides-Extra") or []
    return f"{entry.dist.name}[{module}]" if module in extras else module
