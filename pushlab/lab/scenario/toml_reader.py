"""Scenario files: TOML to `Scenario`, with errors that name the file, the line, the key, the right.

docs/scenarios.md has all keys. Wherever a number stands, a list of numbers may stand too: see
`pushlab.lab.scenario.grid`.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from pushlab.contract.setting import Key, Setting, did_you_mean, shown
from pushlab.errors import ScenarioError, UsageError
from pushlab.lab.scenario.cells import CLIENT, Cell, make_cells
from pushlab.lab.scenario.model import Scenario, scenario_keys
from pushlab.lab.scenario.own_system import read_own_system
from pushlab.lab.scenario.pairs import Pairs, at_systems, cells_of, check_options
from pushlab.lab.scenario.rule_broken import RuleBroken
from pushlab.lab.scenario.source import Source, builtin_scenarios, parse_toml, read_source
from pushlab.lab.scenario.trace import parse_trace
from pushlab.systems.registry import HUB
from pushlab.systems.spec import MINE, SystemSpec

__all__ = [
    "builtin_scenarios",
    "flatten",
    "load_scenario",
    "make_scenario",
    "parse_scenario",
]

_TABLES = ("link", "hub", "cluster")


def load_scenario(name_or_path: str | Path) -> Scenario:
    """Read a built-in scenario by name, or any file by its path (ending in ``.toml``).

    Raises:
        ScenarioError: there is none, or it cannot be run; the text has file, line and key.
        UnknownTransport, MissingExtra: a transport is not installed.
    """
    return make_scenario(read_source(name_or_path))


def parse_scenario(text: str, file: str, *, default: str = "scenario") -> Scenario:
    """Read a scenario from TOML text.

    Args:
        file: what errors call it.
        default: its name, unless the text has one.

    Raises:
        ScenarioError: it cannot be run; the text has file, line and key.
        UnknownTransport, MissingExtra: a transport is not installed.
    """
    return make_scenario(parse_toml(text, file, default=default))


def make_scenario(source: Source) -> Scenario:
    """Check what a scenario's file says, and make the scenario of it; see `parse_scenario`."""
    data, where, keys = flatten(source.data), source.where, scenario_keys()
    tables = data.pop("transport", None)
    systems, own = _systems(data.pop("systems", None), data.pop("system", None), source)
    for key in data:
        if key in _TABLES:
            told = shown(data[key])
            raise ScenarioError(f"{where(key)}: write it as a [{key}] table, not {told}")
        if key not in keys:
            close = did_you_mean(key, [*keys, "transport", "systems", "system"])
            known = ", ".join([*keys, "systems", "[system]", "[[transport]]"])
            raise ScenarioError(f"{where(key)}: unknown key{close} (known: {known})")
    values = {}
    for key, value in data.items():
        try:
            values[key] = keys[key].take(value)
        except UsageError as error:  # only now is its line looked for
            raise ScenarioError(f"{where(key)}: {keys[key].refusal(value)}") from error
    default = keys["poll_interval_s"].default
    poll_interval_s = values.get("poll_interval_s", default)
    pairs = _pairs(tables, source, poll_interval_s, systems, own)
    named = {"name": source.default, **values}
    try:
        cells = _made(pairs, where, poll_interval_s)
        encrypted = any(cell.own is not None and cell.own.encrypted for cell in cells)
        plain = Scenario(
            name=named.pop("name"), cells=cells, own=own, left_out=pairs.left_out, tls=encrypted
        )
        return plain.with_values(_with_trace_s_own(plain, named))
    except RuleBroken as error:
        raise error.at(where) from error


def _with_trace_s_own(plain: Scenario, named: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values with what a trace says of rate and size, where nothing else does."""
    if not (trace := named.get("trace")):
        return named
    others = {key: value for key, value in named.items() if key not in ("trace", "arrivals")}
    try:
        rate_per_s = plain.with_values(others).traced_rate(trace)
        size = round(parse_trace(trace).mean_bytes)
    except ValueError as error:
        raise RuleBroken("trace", str(error)) from error
    own = {"rate_per_s": rate_per_s, **({"payload_bytes": size} if size else {})}
    return {**(own if rate_per_s else {}), **named}


def flatten(data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` with the values of its tables beside the others, as in ``link.one_way_ms``."""
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if key in _TABLES and isinstance(value, Mapping):
            flat |= {f"{key}.{name}": item for name, item in value.items()}
        else:
            flat[key] = value
    return flat


_Where = Callable[[str], str]
_NAME = Key("name", str, Setting("names a server", pattern=r"\S", such="its name"), "")


def _systems(
    named: object, system: object, source: Source
) -> tuple[Sequence[str], SystemSpec | None]:
    """The names of the systems, and the one that the scenario describes. Raises ScenarioError."""
    where, own = source.where, None
    if isinstance(system, str):
        if named is not None:
            told = "name all systems in systems, or this one alone"
            raise ScenarioError(f"{where('system')}: {told}")
        named = [system]
    elif isinstance(system, dict):
        name = source.default if source.folder else MINE
        own = read_own_system(system, where, folder=source.folder, default=name)
    elif system is not None:
        told = "must be a name such as 'nchan', or a [system] table that describes your own server"
        raise ScenarioError(f"{where('system')}: {told}")
    if named is None:
        return [own.name if own else HUB], own
    if not isinstance(named, list) or not named:
        told = f"must be a list of names such as ['hub', 'nchan'], not {shown(named)}"
        raise ScenarioError(f"{where('systems')}: {told}")
    at = where("system" if isinstance(system, str) else "systems")
    names = [_NAME.take(name, at, ScenarioError) for name in named]
    if len(set(names)) < len(names):
        raise ScenarioError(f"{at}: a name stands twice")
    try:
        cells_of(names, own)
    except UsageError as error:
        _refuse(error, lambda key: at, {})
    return names, own


def _pairs(
    tables: object,
    source: Source,
    poll_interval_s: float,
    systems: Sequence[str],
    own: SystemSpec | None,
) -> Pairs:
    """What the tables of transports ask for, at these systems. Raises ScenarioError."""
    if tables is None and (requests := cells_of(systems, own)):
        return at_systems(requests, systems, own)
    tables = [] if tables is None else tables
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        told = "write each transport as a [[transport]] table"
        raise ScenarioError(f"{source.where('transport')}: {told}")
    if not tables:
        told = "name at least one transport in a [[transport]]"
        raise ScenarioError(f"{source.where('transport')}: {told}")
    found = Pairs()
    for i, table in enumerate(tables):

        def where(key: str, i: int = i) -> str:
            return source.where(f"transport[{i}].{key}")

        request, at = _request(table, where)
        try:
            pairs = at_systems([request], at or systems, own)
            check_options(request, pairs.cells)
            if at:
                pairs.checked()
            make_cells(pairs.cells, poll_interval_s)
        except UsageError as error:
            _refuse(error, where, request.options)
        found += pairs
    return found


def _made(pairs: Pairs, where: _Where, poll_interval_s: float) -> tuple[Cell, ...]:
    """Its cells, with labels. Raises ScenarioError."""
    try:
        return make_cells(pairs.checked().cells, poll_interval_s)
    except ScenarioError as error:
        raise ScenarioError(f"{where('transport')}: {error}") from error


def _request(table: Mapping[str, Any], where: _Where) -> tuple[Cell, list[str]]:
    """What a table asks for, and the one system at which it does, if it says."""
    settings = dict(table)
    name, label = settings.pop("name", None), settings.pop("label", None)
    client, system = settings.pop("client", "python"), settings.pop("system", None)
    if name is None:
        raise ScenarioError(f"{where('name')}: is missing; name a transport such as 'sse'")
    for key, value in (("name", name), ("label", label), ("system", system)):
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise ScenarioError(f"{where(key)}: must be text that is not empty")
    CLIENT.take(client, where("client"), ScenarioError)
    cell = Cell(label or "", name, settings, client=client, system=system or "")
    return cell, [] if system is None else [system]


def _refuse(error: UsageError, where: _Where, settings: Mapping[str, Any]) -> NoReturn:
    """Tell what a transport or a system refuses with the file and the key."""
    text = str(error)
    words = text.replace(":", " ").replace(",", " ").replace("'", " ").split()
    other = "system" if text.startswith("unknown system") else "name"
    at = where(next((key for key in settings if key in words), other))
    if type(error) in (UsageError, ScenarioError):
        raise ScenarioError(f"{at}: {error}") from error
    raise type(error)(f"{at}: {error}") from error
