"""What a URL alone was found to be, in words, and as a [system] table to start from."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from pushlab.commands.probe_words import Line
from pushlab.contract.authority import without_login
from pushlab.lab.probe.address import AddressFound, Kind
from pushlab.lab.probe.findings import Answer
from pushlab.quantities import counted, duration

__all__ = ["address_lines", "told_table"]

_MQTT = {0: "lets in who gives no name", 4: "wants a user and a password", 5: "lets nobody in so"}
_PLACES = ("since", "after", "cursor", "last", "last_id", "lastid", "offset", "seq", "from")
_SECRET = re.compile(r"token|key|auth|sig|secret|password|session", re.IGNORECASE)


def address_lines(found: AddressFound) -> Iterator[Line]:
    """What was found, a line for each thing."""
    answer = found.answer
    if found.mqtt is not None:
        told = _MQTT.get(found.mqtt, f"answers CONNECT with {found.mqtt}")
        yield Line("good", f"an MQTT broker: it {told}")
        return
    if found.trouble == "no-answer":
        yield Line(
            "unknown",
            f"no answer to a GET within {duration(found.took_s)}: it holds requests until there is"
            " a message (long polling), something on the way buffers, or it never answers",
        )
    elif found.trouble in ("no-connection", "closed", "unreadable"):
        yield Line("bad", f"{found.said or found.trouble}")
    elif found.trouble and answer is not None:
        body = f": {answer.body}" if answer.body else ""
        page = "a page of HTML, no endpoint" if found.trouble == "html" else "no endpoint for a GET"
        yield Line("bad", f"{answer.status}, {page}{body}")
        yield from _refusal_hint(answer)
    for kind in found.kinds:
        yield from _kind_lines(found, kind)
    if answer is not None and not found.trouble:
        yield from _head_lines(answer)


def _refusal_hint(answer: Answer) -> Iterator[Line]:
    if answer.status in (401, 403):
        wanted = answer.headers.get("www-authenticate", "a token or a cookie")
        yield Line("change", f"it wants {wanted}: a [system] table can send headers")
    elif 300 <= answer.status < 400 and "location" in answer.headers:
        yield Line("change", f"it sends on to {answer.headers['location']}: probe that")
    elif answer.status == 405:
        yield Line("change", "it is there, but not for GET: perhaps the one that publishes")


def _kind_lines(found: AddressFound, kind: Kind) -> Iterator[Line]:
    answer, socket = found.answer, found.socket
    if kind == "event-stream" and answer is not None:
        yield Line("good", f"an event stream (SSE), answered after {duration(answer.after_s)}")
        yield from _listened(found)
        if found.resumes is not None:
            told = (
                "comes back with Last-Event-ID: goes on behind it, so it resumes"
                if found.resumes
                else "comes back with Last-Event-ID: the events after it are not repeated, so it"
                " does not resume"
            )
            yield Line("good" if found.resumes else "change", told)
    elif kind == "frames" and socket is not None:
        deflate = f"; compresses ({socket.compressed})" if socket.compressed else ""
        yield Line("good", f"a WebSocket: the handshake was answered 101{deflate}")
        if "event-stream" not in found.kinds:
            yield from _listened(found)
    elif kind == "json":
        yield Line("good", f"answers at once, for polling: {found.shape}")
        if found.places:
            yield Line("note", f"a reader's place may be {' or '.join(found.places)}")
    elif kind == "held" and answer is not None:
        yield Line("good", f"held for {duration(found.took_s)}, then answered: long polling")
    elif kind == "other" and answer is not None and not found.trouble:
        what = answer.media_type or "without a Content-Type"
        yield Line("unknown", f"{answer.status} {what}: no format that is known here")


def _listened(found: AddressFound) -> Iterator[Line]:
    stream, quiet = found.stream, found.silence
    if quiet is None:
        return
    span = duration(quiet.listened_s)
    if stream is None or not stream.messages:
        yield Line("note", f"nothing was sent within {span}")
    else:
        ids = f", {stream.ids} with an id" if stream.ids else ""
        kinds = f" ({', '.join(stream.kinds)})" if stream.kinds else ""
        yield Line("note", f"{counted(stream.messages, 'message')}{kinds} within {span}{ids}")
        if stream.sample:
            yield Line("note", f"the first: {stream.sample}")
    if quiet.period_s is not None:
        yield Line("good", f"a {quiet.kind} every {duration(quiet.period_s)} keeps it open")
    elif quiet.ended_s is not None:
        yield Line("change", f"the server ended the connection after {duration(quiet.ended_s)}")
    elif not quiet.beats:
        yield Line("change", f"no keep-alive in {span}: many proxies cut after 60 s of silence")


def _head_lines(answer: Answer) -> Iterator[Line]:
    http = "HTTP/1.1, and offers HTTP/2" if answer.http == "h2" else "HTTP/1.1"
    coded = f", encoded as {answer.compressed} where that is offered" if answer.compressed else ""
    yield Line("note", f"speaks {http}{coded}")
    shown = ("server", "via", "cache-control", "x-accel-buffering", "x-cache", "age")
    told = [f"{name.title()}: {answer.headers[name]}" for name in shown if name in answer.headers]
    if told:
        yield Line("note", ", ".join(told))


# ---- a table to start from ----------------------------------------------------------------------

_TRANSPORTS: tuple[tuple[Kind, str], ...] = (
    ("event-stream", "sse"),
    ("frames", "websocket"),
    ("json", "short-polling"),
    ("held", "long-polling"),
    ("packets", "mqtt"),
)


def told_table(found: AddressFound) -> str:
    """A [system] table to start from; empty: there is nothing to start from."""
    spoken = [(kind, name) for kind, name in _TRANSPORTS if kind in found.kinds]
    if not spoken:
        return ""
    parts = urlsplit(without_login(found.url))
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    origin = f"{scheme}://{parts.netloc.rpartition('@')[2]}"
    lines = [
        "# save it as mine.toml, correct what is marked with #, and: pushlab probe mine.toml",
        "[system]",
        f"url = {_quoted(origin)}",
    ]
    if found.mqtt is not None:
        lines += ['publish = { protocol = "mqtt", path = "{channel}" }', "", "[system.mqtt]"]
        return "\n".join([*lines, 'path = "{channel}"  # the topic'])
    lines += [
        "# how a message gets in:",
        'publish = { path = "/publish/{channel}", body = \'{"text": "{message}"}\' }',
    ]
    for kind, name in spoken:
        path, first = _path(parts.path or "/", parts.query, polls=kind in ("json", "held"))
        lines += ["", f"[system.{name}]"]
        lines.append(f"path = {_quoted(path)}  # with {{channel}} where the channel's name stands")
        if kind == "json" and found.places:
            more = "" if "{last_id}" in path else "  # and {last_id} in the path"
            lines.append(f"last_id = {_quoted(found.places[0])}{more}")
        if first:
            lines.append(f"first_id = {_quoted(first)}")
        elif kind == "frames":
            lines.append("""# hello = '{"subscribe": "{channel}"}'  # if it wants a first text""")
    return "\n".join(lines)


def _path(path: str, query: str, *, polls: bool) -> tuple[str, str]:
    """Path and query, and the place that stood in it.

    What may be a secret is to come from the environment; a place, from the answer before.
    """
    pairs, first = [], ""
    for name, value in parse_qsl(query, keep_blank_values=True):
        if _SECRET.search(name):
            value = f"{{env.{name.upper()}}}"
        elif polls and name.lower() in _PLACES:
            first, value = value, "{last_id}"
        pairs.append(f"{name}={value}")
    return (f"{path}?{'&'.join(pairs)}" if pairs else path), first


def _quoted(text: str) -> str:
    """As TOML has it."""
    return f"'{text}'" if '"' in text or "\\" in text else f'"{text}"'
