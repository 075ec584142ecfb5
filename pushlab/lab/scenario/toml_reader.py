"""Scenario files: TOML to `Scenario`, with errors that name the file, the key and what is right.

::

    title = "Fifty clients on one channel"
    clients = 50                  # 1 to 1,000,000
    channels = "shared"           # or "per-client", or "rooms" of room_size
    arrivals = "poisson"          # or "constant", or "burst" of burst_size, burst_gap_s apart
    rate_per_s = 2.0              # per channel
    payload_bytes = 100           # 1 to 32,767
    warmup_s = 1.0
    duration_s = 5.0
    drain_s = 10.0
    stall_s = 0.0                 # stop the hub for so long in the middle of the window
    trials = 2
    seed = 1
    broker = "auto"               # "embedded", "mosquitto", or mqtt://host:port
    poll_interval_s = 1.0
    tls = false                   # true: every connection is encrypted

    [link]                        # what to emulate between subscribers and server; optional
    one_way_ms = 50.0             # in each direction
    jitter_ms = 5.0               # plus or minus
    kbit_per_s = 2_000            # of each connection in each direction; 0: no limit

    [[transport]]                 # as often as you like, of one transport too
    name = "short-polling"
    label = "impatient polling"   # optional
    interval_s = 0.5              # any option of the transport
    client = "browser"            # channel.js in Chromium reads, and not the swarm; optional

Wherever a number stands, a list of numbers may stand too: see `pushlab.lab.scenario.grid`.
"""

import math
import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn, get_args

from pushlab.contract.limits import MAX_MESSAGE_BYTES
from pushlab.errors import ScenarioError, UsageError
from pushlab.lab.scenario.model import (
    MAX_BROWSER_CLIENTS,
    CellRequest,
    Client,
    Scenario,
    make_cells,
)
from pushlab.lab.scenario.schedule import ARRIVALS

__all__ = [
    "builtin_scenarios",
    "check_browser",
    "check_network",
    "check_values",
    "flatten",
    "load_scenario",
    "make_scenario",
    "parse_scenario",
    "parse_toml",
    "read_source",
]

#: key: (type, least, most); floats must be finite, and above 0 where least is None.
_NUMBERS: dict[str, tuple[type, float | None, float]] = {
    "clients": (int, 1, 1_000_000),
    "room_size": (int, 1, 1_000_000),
    "burst_size": (int, 1, 100_000),
    "burst_gap_s": (float, 0, 60),
    "rate_per_s": (float, None, 100_000),
    "payload_bytes": (int, 1, MAX_MESSAGE_BYTES),
    "warmup_s": (float, 0, 3_600),
    "duration_s": (float, None, 86_400),
    "drain_s": (float, 0, 3_600),
    "stall_s": (float, 0, 3_600),
    "trials": (int, 1, 1_000),
    "seed": (int, 0, 2**63 - 1),
    "poll_interval_s": (float, 0.001, 86_400),
    "link.one_way_ms": (float, 0, 10_000),
    "link.jitter_ms": (float, 0, 10_000),
    "link.kbit_per_s": (float, 0, 100_000_000),
}
_SWITCHES = ("tls",)
_WORDS: dict[str, tuple[str, ...]] = {
    "channels": ("shared", "per-client", "rooms"),
    "arrivals": ARRIVALS,
}
_TEXTS = ("name", "title", "description", "broker")
_BROKERS = ("auto", "embedded", "mosquitto")
_CLIENTS = get_args(Client)
#: What channel.js speaks, and what may be set there: anything (None), or from one value to another.
_IN_BROWSER: dict[str, dict[str, tuple[float, float] | None]] = {
    "short-polling": {"interval_s": (0.02, math.inf), "random_phase": None},
    "long-polling": {},
    "sse": {},
    "websocket": {"deflate": None},
    "mqtt": {"qos": None},
    "channel-api-dev": {"interval_s": (0.5, 0.5), "random_phase": None},
}
_KEYS = (*_TEXTS, *_NUMBERS, *_WORDS, *_SWITCHES)
_FOLDER = files("pushlab.lab") / "scenarios"


def builtin_scenarios() -> list[str]:
    """The names of the scenarios that come with pushlab."""
    names = [entry.name for entry in _FOLDER.iterdir()]
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def load_scenario(name_or_path: str | Path) -> Scenario:
    """Read a built-in scenario by name, or any file by its path (ending in ``.toml``).

    Raises:
        ScenarioError: there is none, or it cannot be run; the text has file and key.
        UnknownTransport, MissingExtra: a transport is not installed.
    """
    data, file, default = read_source(name_or_path)
    return make_scenario(data, file, default=default)


def read_source(name_or_path: str | Path) -> tuple[dict[str, Any], str, str]:
    """What a scenario's file says, unchecked; what errors call the file; and a name for it.

    Raises:
        ScenarioError: there is no such file, or it is not TOML.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(".toml") or "/" in text:
        path = Path(name_or_path)
        try:
            source = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ScenarioError(f"{path}: no such scenario file") from None
        except OSError as error:
            raise ScenarioError(f"{path}: cannot be read ({error.strerror})") from error
        except UnicodeDecodeError as error:
            raise ScenarioError(f"{path}: is not UTF-8 text ({error.reason})") from error
        return parse_toml(source, str(path)), str(path), path.stem
    known = builtin_scenarios()
    if text not in known:
        raise ScenarioError(
            f"unknown scenario {text!r}{_hint(text, known)} (known: {', '.join(known)}; or give"
            " the path of a .toml file)"
        )
    source = (_FOLDER / f"{text}.toml").read_text(encoding="utf-8")
    return parse_toml(source, f"{text}.toml"), f"{text}.toml", text


def parse_toml(text: str, file: str) -> dict[str, Any]:
    """TOML text as a dictionary. Raises ScenarioError, which begins with `file`."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{file}: not TOML: {error}") from error


def parse_scenario(text: str, file: str, *, default: str = "scenario") -> Scenario:
    """Read a scenario from TOML text.

    Args:
        file: what errors call it.
        default: its name, unless the text has one.

    Raises:
        ScenarioError: it cannot be run; the text has file and key.
        UnknownTransport, MissingExtra: a transport is not installed.
    """
    return make_scenario(parse_toml(text, file), file, default=default)


def make_scenario(data: Mapping[str, Any], file: str, *, default: str = "scenario") -> Scenario:
    """Check what a scenario's file says, and make the scenario of it; see `parse_scenario`."""
    data = flatten(data)
    tables = data.pop("transport", [])
    for key in data:
        if key == "link":
            raise ScenarioError(f"{file}: link: write it as a [link] table, not {_kind(data[key])}")
        if key not in _KEYS:
            hint = _hint(key, [*_KEYS, "transport"])
            raise ScenarioError(f"{file}: {key}: unknown key{hint} (known: {_listed()})")
    values = check_values(data, lambda key: f"{file}: {key}")
    poll_interval_s = values.get("poll_interval_s", 1.0)
    cells = _cells(tables, file, poll_interval_s)
    try:
        scenario = Scenario(name=default, cells=cells).with_values(values)
    except ScenarioError as error:
        raise ScenarioError(f"{file}: {error}") from error
    check_network(scenario, lambda key: f"{file}: {key}")
    check_browser(scenario, lambda key: f"{file}: {key}")
    return scenario


def flatten(data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` with the values of its link beside the others, as in ``link.one_way_ms``."""
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if key == "link" and isinstance(value, Mapping):
            flat |= {f"link.{name}": item for name, item in value.items()}
        else:
            flat[key] = value
    return flat


def check_network(scenario: Scenario, where: Callable[[str], str]) -> None:
    """Check what link and encryption ask of the rest of a scenario.

    Args:
        where: key to the words that an error begins with.

    Raises:
        ScenarioError: the jitter is longer than the way; a transport cannot be put on the link; a
            broker elsewhere is encrypted and the rest is not, or the other way round.
    """
    link = scenario.link
    if link.jitter_ms > link.one_way_ms:
        raise ScenarioError(
            f"{where('link.jitter_ms')}: {link.jitter_ms:g} is more than link.one_way_ms"
            f" ({link.one_way_ms:g}); bytes cannot arrive before they leave"
        )
    if link.present or scenario.tls:
        key = "link.one_way_ms" if link.one_way_ms else "link.kbit_per_s"
        key = key if link.present else "tls"
        for cell in scenario.cells:
            if not cell.make().is_sans_io():
                raise ScenarioError(
                    f"{where(key)}: {cell.transport} opens its own sockets, out of reach of an"
                    " emulated link and of the trial's certificates; leave the transport out, or"
                    " link and tls"
                )
    if "://" in scenario.broker and scenario.tls != scenario.broker.startswith("mqtts://"):
        told = "mqtts://" if scenario.tls else "mqtt://"
        raise ScenarioError(
            f"{where('tls' if scenario.tls else 'broker')}: all connections are encrypted, or none;"
            f" here the broker's URL must begin with {told}"
        )


def check_browser(scenario: Scenario, where: Callable[[str], str]) -> None:
    """Check what cells in Chromium ask of the rest of a scenario.

    Args:
        where: key to the words that an error begins with.

    Raises:
        ScenarioError: too many clients; a link or encryption, which Chromium is not put behind; a
            transport or an option that channel.js does not have.
    """
    cells = [cell for cell in scenario.cells if cell.client == "browser"]
    if not cells:
        return
    if scenario.clients > MAX_BROWSER_CLIENTS:
        raise ScenarioError(
            f"{where('clients')}: {scenario.clients:,} clients are too many for Chromium, which"
            f" needs a process for every few; at most {MAX_BROWSER_CLIENTS}, such as --clients 50"
        )
    if scenario.link.present or scenario.tls:
        key = "link.one_way_ms" if scenario.link.one_way_ms else "link.kbit_per_s"
        raise ScenarioError(
            f"{where(key if scenario.link.present else 'tls')}: cells in Chromium are measured on"
            " loopback and in plain text alone; leave out link and tls, or the client browser"
        )
    for cell in cells:
        if cell.transport not in _IN_BROWSER:
            raise ScenarioError(
                f"{cell.label}: channel.js does not speak {cell.transport}; leave it out of a run"
                f" with the client browser (it speaks {', '.join(_IN_BROWSER)})"
            )
        usual = make_cells([CellRequest(cell.transport)], 1.0)[0].options
        free = _IN_BROWSER[cell.transport]
        for option, value in cell.options.items():
            if option not in free and value != usual.get(option):
                raise ScenarioError(
                    f"{cell.label}: {option} cannot be set in Chromium, where channel.js has a way"
                    " of its own; leave it out"
                )
            limits = free.get(option)
            if limits is not None and not limits[0] <= value <= limits[1]:
                only = (
                    f"only {limits[0]:g}"
                    if limits[0] == limits[1]
                    else f"no less than {limits[0]:g}"
                )
                raise ScenarioError(
                    f"{cell.label}: {option} is {value:g}, and channel.js knows {only}"
                )


def _listed() -> str:
    return ", ".join([*_KEYS, "[[transport]]"])


def _hint(word: str, known: "list[str] | tuple[str, ...]") -> str:
    close = get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def check_values(data: Mapping[str, Any], where: Callable[[str], str]) -> dict[str, Any]:
    """`data` with every value checked against its key.

    Args:
        where: key to the words that an error begins with.

    Raises:
        ScenarioError: a value has the wrong type or is out of range.
    """
    return {key: _checked(key, value, where(key)) for key, value in data.items()}


def _checked(key: str, value: Any, where: str) -> Any:
    if key in _NUMBERS:
        return _number(value, *_NUMBERS[key], where)
    if key in _SWITCHES:
        if not isinstance(value, bool):
            raise ScenarioError(f"{where}: must be true or false, not {_kind(value)}")
        return value
    if not isinstance(value, str):
        raise ScenarioError(f"{where}: must be text, not {_kind(value)}")
    if key in _WORDS and value not in _WORDS[key]:
        known = _WORDS[key]
        raise ScenarioError(f"{where}: {value!r} is not one of {', '.join(known)}")
    if key == "broker" and value not in _BROKERS and "://" not in value:
        hint = _hint(value, _BROKERS)
        raise ScenarioError(
            f"{where}: {value!r} must be auto, embedded, mosquitto or a URL such as"
            f" mqtt://host:1883{hint}"
        )
    if key == "name" and not value.strip():
        raise ScenarioError(f"{where}: must not be empty")
    return value


def _number(value: Any, kind: type, least: float | None, most: float, where: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        wanted = "a whole number" if kind is int else "a number"
        raise ScenarioError(f"{where}: must be {wanted}, not {_kind(value)}")
    if kind is int and not isinstance(value, int):
        raise ScenarioError(f"{where}: must be a whole number, not {value}")
    inside = math.isfinite(value) and value <= most
    inside = inside and (value > 0 if least is None else value >= least)
    if not inside:
        span = f"above 0 and at most {most:,}" if least is None else f"from {least:,} to {most:,}"
        raise ScenarioError(f"{where}: {value} is out of range; it must be {span}")
    return kind(value)


def _kind(value: Any) -> str:
    names = {bool: "true or false", str: "text", list: "a list", dict: "a table"}
    names |= {int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)


def _cells(tables: Any, file: str, poll_interval_s: float) -> Any:
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ScenarioError(f"{file}: transport: write each transport as a [[transport]] table")
    if not tables:
        raise ScenarioError(f"{file}: transport: name at least one transport in a [[transport]]")
    wanted = []
    for i, table in enumerate(tables):
        where = f"{file}: transport[{i}]"
        settings = dict(table)
        name, label = settings.pop("name", None), settings.pop("label", None)
        client = settings.pop("client", "python")
        if name is None:
            raise ScenarioError(f"{where}.name: is missing; name a transport such as 'sse'")
        for key, value in (("name", name), ("label", label)):
            if value is not None and (not isinstance(value, str) or not value.strip()):
                raise ScenarioError(f"{where}.{key}: must be text that is not empty")
        if client not in _CLIENTS:
            raise ScenarioError(
                f"{where}.client: {client!r} is not one of {', '.join(map(str, _CLIENTS))}"
            )
        wanted.append(CellRequest(str(name), settings, label, client))
        _try(lambda: make_cells(wanted[-1:], poll_interval_s), where, settings)
    try:
        return make_cells(wanted, poll_interval_s)
    except ScenarioError as error:
        raise ScenarioError(f"{file}: transport: {error}") from error


def _try(make: Callable[[], Any], where: str, settings: Mapping[str, Any]) -> None:
    """Run `make`; what it refuses is told with the file and the key."""
    try:
        make()
    except UsageError as error:
        _refuse(error, where, settings)


def _refuse(error: UsageError, where: str, settings: Mapping[str, Any]) -> NoReturn:
    words = str(error).replace(":", " ").replace(",", " ").replace("'", " ").split()
    key = next((key for key in settings if key in words), "")
    dotted = f"{where}.{key}" if key else f"{where}.name"
    if type(error) in (UsageError, ScenarioError):
        raise ScenarioError(f"{dotted}: {error}") from error
    raise type(error)(f"{dotted}: {error}") from error
