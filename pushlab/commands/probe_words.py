"""What a probe found of a transport, in plain words: a line for each thing, and how it is meant."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pushlab.lab.probe.findings import (
    Answer,
    Delivered,
    Found,
    PollsSeen,
    PublishSeen,
    Resumed,
    Silence,
    StreamSeen,
    Trouble,
)
from pushlab.quantities import counted, duration, size

__all__ = [
    "LISTENED_S",
    "Line",
    "Mark",
    "lines_of",
    "publish_lines",
    "silence_line",
    "trouble_words",
]

Mark = Literal["good", "note", "change", "bad", "unknown"]
LISTENED_S = 15.0  #: of a shorter silence nothing is concluded
_SWITCHING = 101
_PROXIES = ("nginx", "cloudflare", "varnish", "haproxy", "envoy", "caddy", "apache", "traefik")


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was found.

    Attributes:
        mark: whether it is as it should be.
    """

    mark: Mark
    text: str


def lines_of(found: Found, published: PublishSeen | None) -> list[Line]:
    """All that was found but for the silence.

    Args:
        published: what became of publishing; None: nothing was published.
    """
    lines: list[Line] = []
    if found.trouble:
        lines.append(Line("bad", trouble_words(found)))
    elif found.answer is not None:
        lines += _answer(found, found.answer)
    elif found.accepted_s is not None and found.form == "polls":
        lines.append(Line("note", "connected; the first poll was held, and not answered yet"))
    elif found.accepted_s is not None:
        lines.append(Line("good", f"connected, and let in after {duration(found.accepted_s)}"))
    if found.stream is not None and found.stream.messages:
        lines += _stream(found, found.stream)
    if found.delivered is not None:
        lines += _delivered(found, found.delivered)
    elif found.trouble:
        pass
    elif published is not None and published.said:
        lines.append(Line("unknown", "messages: not tried, since publishing did not work"))
    elif published is None:
        lines.append(Line("unknown", "messages: not tried, since nothing was published"))
    if found.resumed is not None:
        lines += _resumed(found, found.resumed)
    if found.answer is not None and not found.trouble:
        lines += _on_the_way(found, found.answer)
    return lines


# ---- what goes wrong at once --------------------------------------------------------------------


def trouble_words(found: Found) -> str:
    """What went wrong at once, in one line."""
    answer, where = found.answer or Answer(), found.path or "it"
    body = f": {answer.body}" if answer.body else ""
    told: Mapping[Trouble, str] = {
        "no-connection": found.said,
        "no-answer": "connected, but there was no answer to the request",
        "refused": f"{where} was answered {answer.status}{body}{_known(found.variables)}",
        "html": (
            f"{where} was answered {answer.status} with a page of HTML, which is no endpoint{body}"
        ),
        "wrong-type": (
            f"answered {answer.status} with Content-Type {found.said or 'missing'}; an event stream"
            " must say text/event-stream"
        ),
        "no-upgrade": f"answered {answer.status} in place of 101: no WebSocket listens there{body}",
        "unreadable": f"the answer cannot be read: {found.said}",
        "closed": f"the server closed the connection before it answered ({found.said})",
        "cannot": found.said,
        "gone": f"the server was gone: {found.said}",
    }
    return told.get(found.trouble, found.said)


# ---- the answer ---------------------------------------------------------------------------------


def _answer(found: Found, answer: Answer) -> Iterator[Line]:
    framing = []
    if answer.status == _SWITCHING:
        chosen = answer.headers.get("sec-websocket-protocol", "")
        framing.append(f"subprotocol {chosen}" if chosen else "no subprotocol")
    else:
        framing.append(answer.media_type or "no Content-Type")
        if "chunked" in answer.headers.get("transfer-encoding", ""):
            framing.append("chunked")
        if found.form == "polls" and answer.headers.get("connection", "").lower() == "close":
            framing.append("Connection: close")
    http = {"h2": "HTTP/2 offered, HTTP/1.1 used"}.get(answer.http, "HTTP/1.1")
    framing.append(http)
    yield Line("good", f"{answer.status} after {duration(answer.after_s)}: {', '.join(framing)}")
    if answer.compressed:
        what = "compresses where the client offers it"
        kind = "note" if found.form != "event-stream" else "change"
        more = "" if kind == "note" else "; each event must be flushed through the encoder"
        yield Line(kind, f"{what}: {answer.compressed}{more}")  # type: ignore[arg-type]
    elif answer.compressed is not None:
        switching = answer.status == _SWITCHING
        offered = "permessage-deflate" if switching else "gzip, deflate and br"
        yield Line("note", f"no compression ({offered} offered)")
    if found.form == "polls":
        yield from _cache(answer)


def _cache(answer: Answer) -> Iterator[Line]:
    said = answer.headers.get("cache-control", "")
    if "no-store" in said or "no-cache" in said or "private" in said:
        yield Line("good", f"no shared cache may keep the answer (Cache-Control: {said})")
    elif said:
        yield Line("change", f"a cache may answer in the server's place (Cache-Control: {said})")
    else:
        known = [name for name in ("Expires", "Age", "X-Cache") if name.lower() in answer.headers]
        also = f", but {', '.join(known)}" if known else ""
        yield Line("change", f"no Cache-Control{also}: a cache on the way may keep the answer")


def _on_the_way(found: Found, answer: Answer) -> Iterator[Line]:
    told = []
    for name in ("via", "server", "x-cache", "x-powered-by", "cf-ray", "age"):
        if name in answer.headers:
            told.append(f"{name.title()}: {answer.headers[name]}")
    server = answer.headers.get("server", "").lower()
    proxy = "via" in answer.headers or any(name in server for name in _PROXIES)
    if told:
        hint = "; that may be a proxy in between" if proxy else ""
        yield Line("note", f"on the way: {', '.join(told)}{hint}")
    held_back = found.delivered is not None and found.delivered.held_back
    if held_back and proxy and "x-accel-buffering" not in answer.headers:
        yield Line("note", "no X-Accel-Buffering: no, which tells nginx to pass events on at once")


# ---- messages -----------------------------------------------------------------------------------


def _stream(found: Found, stream: StreamSeen) -> Iterator[Line]:
    if found.form == "event-stream":
        kinds = ", ".join(stream.kinds)
        ids = f"with an id (the newest: {stream.last_id})" if stream.ids else "without an id"
        retry = f"; retry: {stream.retry_ms} ms" if stream.retry_ms else ""
        yield Line("note", f"events of type {kinds}, {ids}{retry}")
    elif stream.kinds:
        yield Line("note", f"messages are {' and '.join(stream.kinds)} frames")
    if stream.sample:
        yield Line("note", f"as it came: {stream.sample}")


def _delivered(found: Found, seen: Delivered) -> Iterator[Line]:
    if seen.closed:
        log = f"; the last in its log: {found.log}" if found.log else ""
        often = counted(seen.closed, "time")
        yield Line("bad", f"the server ended the reader's connection {often} as messages came{log}")
    if not seen.came:
        more = f", nor with {size(seen.pressed_bytes)} behind it" if seen.pressed_bytes else ""
        yield Line("bad", f"no message came within {duration(seen.waited_s)}{more}")
        if seen.in_bytes:
            told = (
                "its text came over the connection, but not as what the client takes for a message"
            )
            yield Line("bad", told)
        return
    if seen.pressed_bytes:
        yield Line(
            "bad",
            f"held back: nothing came until {size(seen.pressed_bytes)} of further messages"
            " had been published; something on the way buffers",
        )
        return
    answered = seen.answered_s
    told = "before" if answered < 0 else "after"
    yield Line(
        "good",
        f"a message came after {duration(seen.after_s)}; the publisher had its answer"
        f" {duration(abs(answered))} {told} that",
    )
    if seen.second is not None:
        came = "came to a second reader, too" if seen.second else "did not come to a second reader"
        yield Line("good" if seen.second else "bad", f"it {came}")
    if not found.told_apart:
        yield Line("note", "what a reader sends names no {channel}: all read the same")
    elif seen.leaked is None:
        yield Line("unknown", "another channel could not be read, so nobody knows what leaks")
    else:
        got = "got it as well" if seen.leaked else "got nothing of it"
        yield Line("bad" if seen.leaked else "good", f"a reader of another channel {got}")
    yield from _several(found, seen)


def _several(found: Found, seen: Delivered) -> Iterator[Line]:
    if not seen.sent:
        return
    if seen.arrived < seen.sent:
        yield Line("bad", f"of {seen.sent} published in a row, {seen.arrived} came")
        return
    order = "in order" if seen.in_order else "out of order"
    apart = f"published over {duration(seen.sent_over_s)}, came over"
    spread = f" ({apart} {duration(seen.arrived_over_s)})" if found.form != "polls" else ""
    if seen.held_back:
        order += ", and all at once: something on the way buffers"
    mark: Mark = "bad" if seen.held_back or not seen.in_order else "good"
    yield Line(mark, f"{seen.arrived} of {seen.sent} came {order}{spread}")
    if seen.again and found.form == "polls":
        yield Line("change", f"{counted(seen.again, 'message')} came again with a later poll")
    elif seen.again:
        yield Line("bad", f"{counted(seen.again, 'message')} came twice")


def _resumed(found: Found, seen: Resumed) -> Iterator[Line]:
    cut = f"cut off while {counted(seen.away, 'message')} were published"
    place = f"it sent {seen.place}" if seen.place else "it had no place to send"
    if not seen.back:
        yield Line("bad", f"{cut}: nothing came any more when it was back ({place})")
        return
    if seen.lost:
        lost = "both were lost" if seen.lost == seen.away else f"{seen.lost} was lost"
        yield Line("bad", f"{cut}: {lost} ({place})")
    else:
        yield Line("good", f"{cut}: got both when it was back ({place})")
    if seen.again:
        told = f"it was given {counted(seen.again, 'message')} again that it had"
        yield Line("change", told)
    if seen.newcomer:
        yield Line("note", f"a reader that is new is given the last {seen.newcomer}")


# ---- publishing and silence ---------------------------------------------------------------------


def publish_lines(seen: PublishSeen) -> Iterator[Line]:
    """What became of publishing."""
    how = seen.how
    if not seen.said:
        status = f"{seen.status} " if seen.status else ""
        told = f"{how} was answered {status}after {duration(seen.after_s)}"
        yield Line("good", told)
        return
    body = f": {seen.body}" if seen.body else ""
    yield Line("bad", f"{how} {seen.said}{body}{_known(seen.variables)}")


def _known(variables: Mapping[str, bool]) -> str:
    """What is known of what the environment gave to a request that was refused."""
    told = [
        f"{{env.{name}}} is {'set' if full else 'set, but empty'}"
        for name, full in variables.items()
    ]
    return f" ({', '.join(told)})" if told else ""


def silence_line(found: Found) -> Line:
    """What came while nothing was published."""
    seen, polls = found.silence, found.polls
    if seen is None:
        return Line("unknown", "not listened to")
    if found.form == "polls" and polls is not None:
        return _poll_line(polls)
    span = duration(seen.listened_s)
    other = f"; {counted(seen.others, 'message')} of others came" if seen.others else ""
    if seen.ended_s is not None:
        return Line("bad", f"the server ended the connection after {duration(seen.ended_s)}{other}")
    if found.form in ("packets", "other"):
        told = f"the connection stood for {span}; its client sends the keep-alives"
        return Line("note", f"{told}{other}")
    if seen.beats and seen.period_s is not None:
        kind = f"an {seen.kind}" if seen.kind.startswith("e") else f"a {seen.kind}"
        when = "every" if seen.beats > 1 else "after"
        return Line("good", f"{kind} {when} {duration(seen.period_s)}{other}")
    mark: Mark = "change" if seen.listened_s >= LISTENED_S else "unknown"
    return Line(mark, _no_beat(seen, span))


def _no_beat(seen: Silence, span: str) -> str:
    if seen.listened_s >= 55:
        return f"no keep-alive in {span}: a proxy with an idle timeout of 60 s would cut it"
    if seen.listened_s < LISTENED_S:
        return f"none in {span}; listen for longer to know (--listen 1min)"
    return f"none in {span}: a proxy with an idle timeout of 60 s would cut it, unless one follows"


def _poll_line(polls: PollsSeen) -> Line:
    over = f"{counted(polls.polls, 'poll')} over {counted(polls.connections, 'connection')}"
    held = max(polls.hold_s or 0.0, polls.still_held_s)
    if polls.hold_s is None:
        return Line("note", f"{over}; one has been held for {duration(polls.still_held_s)} so far")
    empty = f"an empty answer is {polls.empty_status} with"
    empty += f" {size(polls.empty_body_bytes)} of body" if polls.empty_body_bytes else " no body"
    told = f"{over}; {empty}, {size(polls.empty_bytes)} with its request"
    told += f"; held for {duration(held)}" if held >= 0.5 else ""
    return Line("note", told)
