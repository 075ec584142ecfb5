"""Scenario files: TOML to `Scenario`, with errors that name the file, the line, the key, the right.

docs/scenarios.md has all keys. Wherever a number stands, a list of numbers may stand too: see
`pushlab.lab.scenario.grid`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from pushlab.contract.setting import did_you_mean, shown
from pushlab.errors import ScenarioError, UsageError
from pushlab.lab.scenario.cells import CLIENT, Cell, make_cells
from pushlab.lab.scenario.model import RuleBroken, Scenario, scenario_keys
from pushlab.lab.scenario.source import Source, builtin_scenarios, parse_toml, read_source
from pushlab.lab.scenario.trace import parse_trace

__all__ = [
    "builtin_scenarios",
    "flatten",
    "load_scenario",
    "make_scenario",
    "parse_scenario",
]

_TABLES = ("link", "hub")


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
    tables = data.pop("transport", [])
    for key in data:
        if key in _TABLES:
            told = shown(data[key])
            raise ScenarioError(f"{where(key)}: write it as a [{key}] table, not {told}")
        if key not in keys:
            close = did_you_mean(key, [*keys, "transport"])
            known = ", ".join([*keys, "[[transport]]"])
            raise ScenarioError(f"{where(key)}: unknown key{close} (known: {known})")
    values = {}
    for key, value in data.items():
        try:
            values[key] = keys[key].take(value)
        except UsageError as error:  # only now is its line looked for
            raise ScenarioError(f"{where(key)}: {keys[key].refusal(value)}") from error
    default = keys["poll_interval_s"].default
    cells = _cells(tables, source, values.get("poll_interval_s", default))
    named = {"name": source.default, **values}
    try:
        plain = Scenario(name=named.pop("name"), cells=cells)
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


def _cells(tables: object, source: Source, poll_interval_s: float) -> tuple[Cell, ...]:
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        told = "write each transport as a [[transport]] table"
        raise ScenarioError(f"{source.where('transport')}: {told}")
    if not tables:
        told = "name at least one transport in a [[transport]]"
        raise ScenarioError(f"{source.where('transport')}: {told}")
    wanted = []
    for i, table in enumerate(tables):

        def where(key: str, i: int = i) -> str:
            return source.where(f"transport[{i}].{key}")

        wanted.append(_request(table, where))
        try:
            make_cells(wanted[-1:], poll_interval_s)
        except UsageError as error:
            _refuse(error, where, wanted[-1].options)
    try:
        return make_cells(wanted, poll_interval_s)
    except ScenarioError as error:
        raise ScenarioError(f"{source.where('transport')}: {error}") from error


def _request(table: Mapping[str, Any], where: Callable[[str], str]) -> Cell:
    settings = dict(table)
    name, label = settings.pop("name", None), settings.pop("label", None)
    client = settings.pop("client", "python")
    if name is None:
        raise ScenarioError(f"{where('name')}: is missing; name a transport such as 'sse'")
    for key, value in (("name", name), ("label", label)):
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise ScenarioError(f"{where(key)}: must be text that is not empty")
    CLIENT.take(client, where("client"), ScenarioError)
    return Cell(label or "", name, settings, client=client)


def _refuse(
    error: UsageError, where: Callable[[str], str], settings: Mapping[str, Any]
) -> NoReturn:
    """Tell what a transport refuses with the file and the key."""
    words = str(error).replace(":", " ").replace(",", " ").replace("'", " ").split()
    at = where(next((key for key in settings if key in words), "name"))
    if type(error) in (UsageError, ScenarioError):
        raise ScenarioError(f"{at}: {error}") from error
    raise type(error)(f"{at}: {error}") from error
