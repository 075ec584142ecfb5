"""The registry of transports: the built-in five and anybody's plug-in stand in it alike."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pushlab.contract.profile import Profile
from pushlab.contract.serving import HubSettings
from pushlab.contract.setting import did_you_mean
from pushlab.contract.transport import Transport
from pushlab.errors import MissingExtra, PushlabError, UnknownTransport, UsageError

__all__ = [
    "GROUP",
    "STANDARD",
    "comparable_profiles",
    "load_transport",
    "make_transport",
    "profile_of",
    "transport_names",
]

GROUP = "pushlab.transports"

#: The built-in five, in the order in which lessons, tables and charts show them.
STANDARD = ("short-polling", "long-polling", "sse", "websocket", "mqtt")


def _entries() -> dict[str, EntryPoint]:
    return _entries_in(tuple((place, _changed_ns(place)) for place in sys.path))


def _changed_ns(place: str) -> int | None:
    try:
        return os.stat(place or ".").st_mtime_ns
    except OSError:
        return None


@lru_cache(maxsize=1)  # to read every installed package's entry points takes 10 ms and more
def _entries_in(places: tuple[tuple[str, int | None], ...]) -> dict[str, EntryPoint]:
    """The entry points in these places, read again when a package has come or gone."""
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    order = [name for name in STANDARD if name in found]
    return {name: found[name] for name in [*order, *sorted(found.keys() - set(order))]}


def transport_names() -> list[str]:
    """The names of the installed transports, the standard five first."""
    return list(_entries())


def load_transport(name: str) -> type[Transport]:
    """The transport class of that name.

    Raises:
        UnknownTransport: none is installed under that name; the text lists those that are.
        MissingExtra: it is, but a package that it needs is not.
        UsageError: the entry point is broken: what it names is no transport.
    """
    entries = _entries()
    if name not in entries:
        hint, known = did_you_mean(name, list(entries)), ", ".join(entries)
        raise UnknownTransport(f"unknown transport {name!r}{hint} (known: {known})")
    entry = entries[name]
    try:
        loaded = entry.load()
    except ModuleNotFoundError as error:
        package = entry.dist.name if entry.dist else "its package"
        extra = f"[{entry.extras[0]}]" if entry.extras else ""
        raise MissingExtra(
            f"transport {name!r} needs the module {error.name!r}, which is not installed;"
            f" try: pip install '{package}{extra}' or pip install {error.name}"
        ) from error
    except (ImportError, AttributeError) as error:
        raise UsageError(f"transport {name!r} cannot be loaded ({entry.value}): {error}") from error
    if not (isinstance(loaded, type) and issubclass(loaded, Transport)):
        raise UsageError(f"transport {name!r}: {entry.value} is not a Transport class")
    return loaded


def profile_of(
    name: str, options: Mapping[str, Any] | None = None, settings: HubSettings | None = None
) -> Profile:
    """What the transport of that name is, with these options and on a hub with these settings.

    Raises:
        UnknownTransport, MissingExtra, UsageError: see `make_transport`.
    """
    return make_transport(name, options).in_force(settings or HubSettings())


def comparable_profiles() -> dict[str, Profile]:
    """What transports that are shown side by side are: the standard five and every plug-in.

    Those for which no closed form is known, and plug-ins that cannot be loaded, are left out.
    """
    found = {}
    for name, entry in _entries().items():
        if name in STANDARD or entry.dist is None or entry.dist.name != __package__.split(".")[0]:
            with suppress(PushlabError):
                found[name] = profile_of(name)
    return {name: profile for name, profile in found.items() if profile.has_closed_form}


def make_transport(name: str, settings: Mapping[str, Any] | None = None) -> Transport:
    """The transport of that name with these options.

    Raises:
        UnknownTransport, MissingExtra, UsageError: see `load_transport`, `Transport.with_options`.
    """
    return load_transport(name).with_options(settings or {})
