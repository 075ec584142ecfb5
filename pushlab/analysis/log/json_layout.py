"""Access logs of JSON, an object in each line, by the names that servers give its values."""

import functools
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pushlab.analysis.log.lines import UNKNOWN, Lines, column, each, times
from pushlab.analysis.log.moments import since_1970, size_of, status_of

__all__ = ["Objects", "json_layout"]

#: What a value is, by its names in lower case: nginx's and Apache's variables, Caddy's, Traefik's
#: and the Elastic Common Schema's; a dot is a step into a table. Earlier ones are taken first.
_NAMES = {
    "time": "time_iso8601 time_local ts msec @timestamp timestamp time startutc date datetime",
    "target": "request_uri request.uri uri url.original url requestpath path target"
    " requesturi request request_line",
    "status": "status status_code http_status http.response.status_code downstreamstatus"
    " originstatus response.status code response",
    "size": "body_bytes_sent size downstreamcontentsize http.response.body.bytes bytes_sent bytes"
    " response_size response.size body_size length",
    "address": "request.client_ip request.remote_ip remote_addr remote_ip client_ip clientip"
    " client.ip clienthost client remote_host ip remoteaddr",
    "agent": "http_user_agent request.headers.user-agent user_agent user_agent.original useragent"
    " agent request_user-agent",
}
_WITH_HEADS = ("bytes_sent",)
_NEEDED = ("time", "target", "status")
_MOST_DEEP = 4


def json_layout(line: bytes) -> "Objects | None":
    """The layout of a line of JSON; None: it is none, or lacks a time, a target or a status."""
    try:
        told = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    known = {".".join(path).lower(): path for path in _paths(told)}
    places = {}
    for role, names in _NAMES.items():
        found = next((known[name] for name in names.split() if name in known), None)
        if found is not None:
            places[role] = found
    if any(role not in places for role in _NEEDED):
        return None
    return Objects(tuple(places.items()))


def _paths(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in table.items():
        if isinstance(value, dict) and len(above) < _MOST_DEEP:
            yield from _paths(value, (*above, name))
        else:
            yield (*above, name)


@dataclass(frozen=True, slots=True)
class Objects:
    """Lines of JSON.

    Attributes:
        places: of each role of `_NAMES`, the steps to its value.
    """

    places: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def name(self) -> str:
        """What it is called."""
        return "Caddy" if ("target", ("request", "uri")) in self.places else "JSON"

    @property
    def with_heads(self) -> bool:
        """Whether an answer's size has its head in it."""
        return dict(self.places).get("size", ("",))[-1].lower() in _WITH_HEADS

    def read(self, block: bytes) -> tuple[list[Lines], bytes]:
        """See `pushlab.analysis.log.layouts.Layout`."""
        decoder, getters = _reading(self.places)
        refused: list[bytes] = []
        try:
            found = decoder.decode_lines(block)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = []
            for line in block.splitlines(keepends=True):
                try:
                    found.append(decoder.decode(line))
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    refused.append(line)
        return ([_lines(found, getters)] if found else []), b"".join(refused)


@functools.lru_cache(maxsize=32)
def _reading(places: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[Any, Mapping[str, Any]]:
    """What decodes a line to the values at these places alone, and what gets each of them."""
    tree: dict[str, Any] = {}
    numbers: dict[tuple[str, ...], str] = {}
    for _, path in places:
        inner = tree
        for step in path[:-1]:
            inner = inner.setdefault(step, {})
        inner[path[-1]] = None
    kind = _struct(tree, (), numbers)
    getters = {
        role: operator.attrgetter(".".join(numbers[path[: i + 1]] for i in range(len(path))))
        for role, path in places
    }
    return msgspec.json.Decoder(kind), getters


def _struct(tree: Mapping[str, Any], above: tuple[str, ...], numbers: dict[Any, str]) -> Any:
    fields: list[Any] = []
    names = {}
    for i, (name, inner) in enumerate(tree.items()):
        own = f"f{i}"
        numbers[*above, name] = own
        names[own] = name
        if inner is None:
            fields.append((own, Any, None))
        else:
            kind = _struct(inner, (*above, name), numbers)
            fields.append((own, kind, msgspec.field(default_factory=kind)))
    return msgspec.defstruct("Line", fields, rename=names, gc=False)


def _lines(found: Sequence[Any], getters: Mapping[str, Callable[[Any], Any]]) -> Lines:
    values = {role: list(map(get, found)) for role, get in getters.items()}
    target = _texts(values["target"])
    if pc.any(pc.match_substring(target, b" ")).as_py():  # whole request lines
        target = column(map(_target, target.to_pylist()))
    who = [_texts(values[role]) for role in ("address", "agent") if role in values]
    unsized = [UNKNOWN] * len(found)
    return Lines(
        _moments(values["time"]),
        target,
        _numbers(values["status"], status_of, np.int16),
        _numbers(values.get("size", unsized), size_of, np.int64),
        pc.binary_join_element_wise(*who, b"\0") if who else column([b""] * len(found)),
    )


def _moments(values: Sequence[Any]) -> npt.NDArray[np.float64]:
    if all(type(one) is float for one in values):
        return np.array([since_1970(one) for one in values])
    return times(_texts(values))


def _numbers(values: Sequence[Any], read: Callable[[bytes], float], kind: Any) -> Any:
    """Values that are numbers already, or texts of such."""
    if all(type(one) is int for one in values):
        return np.clip(np.array(values, np.int64), -1, np.iinfo(kind).max).astype(kind)
    return each(_texts(values), read, kind)


def _texts(values: Sequence[Any]) -> Any:
    if type(values[0]) is list:  # as Caddy has each head
        values = [one[0] if type(one) is list and one else None for one in values]
    try:
        return pc.fill_null(pa.array(values, pa.string()).cast(pa.binary()), b"")
    except pa.ArrowException:
        return column(map(_text, values))


def _text(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return _text(value[0]) if value else b""
    return b"" if value is None else repr(value).encode()


def _target(text: bytes) -> bytes:
    """The target of a request line."""
    words = text.split(b" ")
    return words[1] if len(words) > 1 else text
