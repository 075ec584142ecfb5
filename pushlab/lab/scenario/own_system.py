"""The ``[system]`` table of a scenario file: the user's own server, described in a few lines.

What it may say is declared in `pushlab.systems.spec`; here is what the parts ask of each other.
Secrets stay out of it: ``{env.NAME}`` is kept as it is written, and read where it is used.
"""

import dataclasses
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from pushlab.contract.authority import is_loopback
from pushlab.contract.setting import Key, Setting, did_you_mean, keys_of, shown
from pushlab.errors import ScenarioError, UsageError
from pushlab.systems.clients.place import Place
from pushlab.systems.clients.plain import PLAIN
from pushlab.systems.registry import system_names
from pushlab.systems.spec import MINE, Publish, Speech, SystemSpec, texts_of

__all__ = ["own_keys", "read_own_system", "written_system"]

Where = Callable[[str], str]

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
_STARTING = ("host", "port", "port2", "port3", "port4", "folder", "scratch", "python")
_READING = ("channel", "client", "last_id")
_WORDS = (*_STARTING, *_READING, "message")  # all that there are
_PATH = re.compile(r"/[!-~]*")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SECRET = re.compile(r"(^|[-_])(authorization|cookie|token|secret|password|api[-_]?key)$", re.I)
_IN_QUERY = re.compile(r"[?&]([^=&#]+)=([^&#]*)")
_TEXT = Key("", str, Setting("of a header"), "")


def own_keys(kind: type[Any]) -> Mapping[str, Key]:
    """The keys that a table of this declaration may have, but for its inner tables."""
    return {name: key for name, key in keys_of(kind).items() if "." not in name}


def read_own_system(
    table: Mapping[str, Any], where: Where, *, folder: str = "", default: str = MINE
) -> SystemSpec:
    """The system that a ``[system]`` table describes.

    Args:
        where: tells the place of a key such as ``system.sse.path``, for errors.
        folder: where the file lies.
        default: its name, unless it says one, as far as that can be a name.

    Raises:
        ScenarioError: something is wrong; the text begins with the place.
    """
    inner = {name: table[name] for name in ("publish", *PLAIN) if name in table}
    rest = {name: value for name, value in table.items() if name not in inner}
    values = _values(rest, SystemSpec, "system", where, ("publish", *PLAIN))
    for name, value in inner.items():
        if not isinstance(value, dict):
            told = f"write it as a table [system.{name}], not {shown(value)}"
            raise ScenarioError(f"{where(f'system.{name}')}: {told}")
    speaks = {
        name: Speech(**_values(inner[name], Speech, f"system.{name}", where))
        for name in inner
        if name != "publish"
    }
    if not speaks:
        told = f"must say how a message gets out: a table such as [system.sse] ({', '.join(PLAIN)})"
        raise ScenarioError(f"{where('system')}: {told}")
    if "publish" not in inner:
        told = "is missing; say how a message gets in, such as publish = { path = '/{channel}' }"
        raise ScenarioError(f"{where('system.publish')}: {told}")
    publish = Publish(**_values(inner["publish"], Publish, "system.publish", where))
    if own_keys(SystemSpec)["name"].fits(default) and default not in system_names():
        values = {"name": default, **values}
    spec = SystemSpec(**values, publish=publish, speaks=speaks, folder=folder)
    for key, told in _wrong(spec):
        raise ScenarioError(f"{where(f'system.{key}' if key else 'system')}: {told}")
    return spec


def _values(
    table: Mapping[str, Any],
    kind: type[Any],
    above: str,
    where: Where,
    inner: Sequence[str] = (),
) -> dict[str, Any]:
    """The values of a table. Raises ScenarioError: one is not declared, or does not fit."""
    keys = own_keys(kind)
    known = [*keys, *(["headers"] if kind is not SystemSpec else []), *inner]
    found: dict[str, Any] = {}
    for name, value in table.items():
        place = f"{above}.{name}"
        if name not in known:
            hint = did_you_mean(name, known)
            told = f"unknown key{hint} (known: {', '.join(known)})"
            raise ScenarioError(f"{where(place)}: {told}")
        if name == "headers":
            found[name] = _headers(value, place, where)
            continue
        try:
            found[name] = keys[name].take(value)
        except UsageError as error:
            raise ScenarioError(f"{where(place)}: {keys[name].refusal(value)}") from error
    return found


def _headers(table: object, place: str, where: Where) -> dict[str, str]:
    if not isinstance(table, dict):
        told = "write it as a table such as { authorization = 'Bearer {env.KEY}' }, not"
        raise ScenarioError(f"{where(place)}: {told} {shown(table)}")
    for name, value in table.items():
        at = f"{place}.{name}"
        if not _HEADER.fullmatch(name):
            raise ScenarioError(f"{where(place)}: {shown(name)} cannot be the name of a header")
        if type(value) is not str:
            raise ScenarioError(f"{where(at)}: {_TEXT.refusal(value)}")
        if not value.isprintable():
            raise ScenarioError(f"{where(at)}: a header holds no line break, nor what is not text")
    return dict(table)


# ---- what the parts ask of each other -----------------------------------------------------------


def _wrong(spec: SystemSpec) -> Iterable[tuple[str, str]]:
    """What is wrong, as pairs of a key and a text."""
    if spec.name in system_names():
        yield "name", f"{spec.name!r} is a server that pushlab has; call this one something else"
    yield from _wrong_start(spec)
    yield from _wrong_publish(spec.publish)
    tables: dict[str, Publish | Speech] = {"publish": spec.publish, **spec.speaks}
    for name, table in tables.items():
        yield from ((f"{name}.{key}", told) for key, told in _secrets(table))
    for name, speech in spec.speaks.items():
        for key, told in _wrong_places(_texts(speech), _READING):
            yield f"{name}.{key}", told
        if not _PATH.fullmatch(speech.path):
            yield f"{name}.path", _no_path(speech.path)
        try:
            Place.of(speech.last_id)
        except ValueError as error:  # as a UsageError is, and a number of thousands of digits
            yield f"{name}.last_id", str(error)
        if "{last_id}" in speech.path and not speech.last_id:
            told = "holds {last_id}; say in last_id where a reader's place stands, such as '$.last'"
            yield f"{name}.path", told


def _wrong_start(spec: SystemSpec) -> Iterable[tuple[str, str]]:
    if not spec.start and not spec.url:
        yield "", "say how it is started (start = 'my-server --port {port}') or where it is (url)"
    if spec.start and spec.url:
        yield "url", "a server is started or attached to: give start or url, not both"
    if spec.pid and not spec.url:
        yield "pid", "goes with url; of a server that is started, all processes are watched"
    if spec.pid and spec.metrics:
        yield "metrics", "CPU and memory are read from one place: give pid or metrics, not both"
    if spec.start:
        yield from _wrong_places([("start", spec.start)], _STARTING)
        if "{port}" not in spec.start:
            yield "start", "must hold {port}, the free port at which it is to listen"
        try:
            shlex.split(spec.start)
        except ValueError as error:
            yield "start", f"is no command: {error}"
    for key in ("url", "metrics"):
        if (url := getattr(spec, key)) and (told := _wrong_url(url, whole=key == "metrics")):
            yield key, told
    if spec.pid and spec.url and not is_loopback(urlsplit(spec.url).hostname or ""):
        yield (
            "pid",
            "is of a process on this machine, and url leads to another; metrics reads there",
        )
    if spec.url.startswith("mqtt") and spec.publish.protocol == "http":
        yield "publish.protocol", "is http, and url an MQTT broker's: write protocol = 'mqtt'"
    if spec.ready:
        yield from _wrong_places([("ready", spec.ready)], ())
        if not _PATH.fullmatch(spec.ready):
            yield "ready", _no_path(spec.ready)


def _wrong_url(url: str, *, whole: bool) -> str:
    """What is wrong with an address. It stands in errors and in the record, so it has no secret."""
    try:
        parts = urlsplit(url)
        schemes = ("http", "https") if whole else ("http", "https", "mqtt", "mqtts")
        there = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        there = False
    if not there or not url.isprintable() or " " in url:
        return "must be an address such as https://staging.example or http://127.0.0.1:8000"
    if parts.username is not None or parts.password is not None:
        return (
            "must hold no log-in; give it as a header, such as authorization = 'Basic {env.KEY}',"
            " or of MQTT as user and password"
        )
    if "{" in url:
        return "stands in errors and records as it is, and so can hold no {env.NAME}"
    if not whole and (parts.path.strip("/") or parts.query or parts.fragment):
        return "must end with host and port; what comes behind them, give in each path"
    return ""


def _wrong_publish(publish: Publish) -> Iterable[tuple[str, str]]:
    texts = [(key, text) for key, text in _texts(publish) if key != "body"]
    yield from ((f"publish.{key}", told) for key, told in _wrong_places(texts, ("channel",)))
    for _, told in _wrong_places([("body", publish.body)], ("channel", "message")):
        yield "publish.body", told
    if (count := publish.body.count("{message}")) != 1:
        many = "twice or more" if count else "nowhere"
        yield "publish.body", f"holds {{message}} {many}; it must stand in it once"
    if publish.protocol != "http":
        if not publish.topic or set("+#") & set(publish.topic):
            yield "publish.topic", "must name one topic, such as rooms/{channel}, without + or #"
        return
    if not _PATH.fullmatch(publish.path):
        yield "publish.path", _no_path(publish.path)
    if not _HEADER.fullmatch(publish.method):
        yield "publish.method", f"{shown(publish.method)} is none such as POST or PUT"


def _secrets(table: Publish | Speech) -> Iterable[tuple[str, str]]:
    """Texts that hold a secret as it is, which would stand in the record of a run."""
    for key, text in _texts(table):
        named = [(key.removeprefix("headers."), text)]
        named += _IN_QUERY.findall(text) if key == "path" else []
        for name, value in named:
            if _SECRET.search(name) and value and "{env." not in value:
                told = "is a secret, and runs keep what stands here; write {env.NAME} for it, and"
                yield key, f"{told} put it into the environment"


def _no_path(text: str) -> str:
    return f"must begin with / and hold no blank, such as /rooms/{{channel}}, not {shown(text)}"


def _texts(table: Publish | Speech) -> list[tuple[str, str]]:
    """All texts of a table that may hold places, by key."""
    return [(key, text) for key, text in texts_of(table) if key not in ("port", "protocol")]


def _wrong_places(
    texts: Iterable[tuple[str, str]], allowed: Sequence[str]
) -> Iterable[tuple[str, str]]:
    """Places in braces that are filled by nobody, unless they are no place at all (as in JSON)."""
    for key, text in texts:
        for name in _PLACE.findall(text):
            if name in allowed or name.startswith("env."):
                continue
            known = [f"{{{word}}}" for word in (*allowed, "env.NAME")]
            hint = did_you_mean(f"{{{name}}}", known)
            if name in _WORDS or hint or key == "path":
                yield key, f"{{{name}}} has no meaning here{hint} (known: {', '.join(known)})"


# ---- back again ---------------------------------------------------------------------------------


def written_system(spec: SystemSpec) -> dict[str, Any]:
    """The table again, as a run's folder keeps it: what differs from the defaults."""
    speaks = {name: _plain(speech) for name, speech in spec.speaks.items()}
    return {"name": spec.name, **_plain(spec), "publish": _plain(spec.publish), **speaks}


def _plain(table: SystemSpec | Publish | Speech) -> dict[str, Any]:
    usual = {field.name: field.default for field in dataclasses.fields(table)}
    found = {name: getattr(table, name) for name in own_keys(type(table))}
    told = {name: value for name, value in found.items() if value != usual[name]}
    headers = getattr(table, "headers", {})
    return {**told, **({"headers": dict(headers)} if headers else {})}
