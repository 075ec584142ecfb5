"""The verdict on each transport that was probed, and what to change.

Bad is what loses, mixes up, gives away or holds back messages, or does not come about at all; the
rest that could be better is advice, and no verdict.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pushlab.commands.probe_words import LISTENED_S, trouble_words
from pushlab.lab.probe.findings import Delivered, Found, PollsSeen, PublishSeen, Resumed
from pushlab.quantities import duration

__all__ = ["Verdict", "judge"]

_UNKNOWN = "?"
_LONG_S = 55.0  # below the 60 s after which nginx, HAProxy's examples and AWS's balancer cut


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be thought of a transport.

    Attributes:
        bad: whether messages are lost, mixed up, held back or given away, or none comes.
        delivers, resumes, keep_alive, buffered: a word or two for the table.
        advice: what to change, most important first.
    """

    transport: str
    bad: bool
    delivers: str
    resumes: str
    keep_alive: str
    buffered: str
    advice: tuple[str, ...]

    @property
    def word(self) -> str:
        """In one word."""
        return "bad" if self.bad else "not known" if self.delivers == _UNKNOWN else "good"


def judge(found: Found, published: PublishSeen | None) -> Verdict:
    """The verdict on what was found."""
    seen, resumed = found.delivered, found.resumed
    refused = published is not None and bool(published.said)
    delivers = _delivers(found, seen)
    bad = bool(found.trouble) or refused or delivers not in ("yes", _UNKNOWN)
    bad = bad or (resumed is not None and (resumed.lost > 0 or not resumed.back))
    bad = bad or (found.silence is not None and found.silence.ended_s is not None)
    return Verdict(
        transport=found.transport,
        bad=bad,
        delivers=delivers,
        resumes=_resumes(resumed),
        keep_alive=_keep_alive(found),
        buffered=_buffered(seen),
        advice=tuple(_advice(found, published)),
    )


# ---- words for the table ------------------------------------------------------------------------


def _delivers(found: Found, seen: Delivered | None) -> str:
    if found.trouble and seen is None:
        return "no"
    if seen is None:
        return _UNKNOWN
    if not seen.came:
        return "no"
    if seen.pressed_bytes:
        return "late"
    faults = {
        "to one only": seen.second is False,
        "some": seen.sent > seen.arrived,
        "closes": bool(seen.closed),
        "out of order": seen.in_order is False,
        "late": bool(seen.held_back),
        "twice": bool(seen.again) and found.form != "polls",
        "to all channels": bool(seen.leaked),
    }
    return next((word for word, holds in faults.items() if holds), "yes")


def _resumes(seen: Resumed | None) -> str:
    if seen is None:
        return _UNKNOWN
    if not seen.back:
        return "does not return"
    if seen.lost:
        return f"no, {seen.lost} of {seen.away} lost"
    return f"yes, {seen.again} again" if seen.again else "yes"


def _keep_alive(found: Found) -> str:
    seen = found.silence
    if found.form == "polls":
        polls = found.polls or PollsSeen()
        held, so_far = polls.hold_s or 0.0, polls.still_held_s
        if so_far > max(held, 0.5):
            return f"held over {duration(so_far)}"
        return f"held {duration(held)}" if held >= 0.5 else "none needed"
    if seen is None:
        return _UNKNOWN
    if seen.ended_s is not None:
        return f"cut at {duration(seen.ended_s)}"
    if found.form in ("packets", "other"):
        return "the client's"
    if seen.period_s is None:
        return f"none in {duration(seen.listened_s)}"
    return f"{duration(seen.period_s)}"


def _buffered(seen: Delivered | None) -> str:
    if seen is None or (seen.held_back is None and not seen.came):
        return _UNKNOWN
    return "yes" if seen.held_back else "no"


# ---- what to change -----------------------------------------------------------------------------


def _advice(found: Found, published: PublishSeen | None) -> Iterator[str]:
    if found.trouble:
        yield from _of_trouble(found)
        return
    if published is not None and published.said:
        yield from _of_publishing(published)
    seen = found.delivered
    if seen is not None:
        yield from _of_delivery(found, seen)
    if found.resumed is not None:
        yield from _of_resuming(found, found.resumed)
    yield from _of_silence(found)
    yield from _of_answer(found)


def _of_trouble(found: Found) -> Iterator[str]:
    answer = found.answer
    status = answer.status if answer is not None else 0
    match found.trouble:
        case "refused" if status in (401, 403) and not all(found.variables.values()):
            empty = [name for name, full in found.variables.items() if not full]
            yield f"set {', '.join(empty)} in the environment"
        case "refused" if status in (401, 403):
            yield 'give it what it wants: headers = { authorization = "Bearer {env.KEY}" }'
        case "refused" if status == 404:
            yield f"correct the path {found.path!r}, or name a channel that exists by --channel"
        case "refused" if status == 405:
            yield f"{found.path!r} is there, but not for GET: is it the one that publishes?"
        case "refused" if 300 <= status < 400:
            there = answer.headers.get("location", "") if answer is not None else ""
            yield f"name the path that it sends to: {there or 'see Location'}"
        case "refused":
            yield f"look into the server's log for what made it answer {status}"
        case "html":
            yield (
                f"correct the path {found.path!r}: a page or a fallback of a single-page"
                " application answers there"
            )
        case "wrong-type":
            yield "answer with Content-Type: text/event-stream, or browsers' EventSource gives up"
        case "no-upgrade":
            yield f"correct the path {found.path!r}, or let the proxy pass Upgrade on"
        case "no-answer":
            yield (
                "look whether the handler answers before it has something to say: send the head at"
                " once (an event stream: a comment first), and turn buffering off in proxies"
            )
        case "no-connection" if "certificate" in found.said:
            yield "let this machine trust it: SSL_CERT_FILE=authority.pem pushlab probe ..."
        case "no-connection":
            yield "start the server, or correct its address (url, port)"
        case "gone" | "closed" | "unreadable" | "cannot":
            yield "look into the server's log: " + trouble_words(found)
        case _:
            pass


def _of_publishing(seen: PublishSeen) -> Iterator[str]:
    empty = [name for name, full in seen.variables.items() if not full]
    if empty:
        yield f"set {', '.join(empty)} in the environment"
    elif seen.status in (401, 403):
        yield "correct what publish sends as its authorization"
    elif seen.status == 404:
        yield "correct the path of publish, or name a channel that exists by --channel"
    elif seen.status in (400, 415, 422):
        yield "correct the body of publish, or its content-type: the answer says what is missing"
    elif seen.status == 405:
        yield "correct the method of publish"
    elif seen.status == 429:
        yield "let it take a message every 100 ms from the probe: it limits how often is published"
    else:
        yield f"mend publishing first: it {seen.said}"


def _of_delivery(found: Found, seen: Delivered) -> Iterator[str]:
    if seen.closed:
        yield "look into the server's log: it ends the connection when a message is published"
    elif not seen.came and seen.in_bytes:
        yield "a message must come as one: whole, unencoded, with its text as it was published"
    elif not seen.came and not found.told_apart:
        yield "put {channel} where the channel's name stands, or name that channel by --channel"
    elif not seen.came:
        yield (
            "publishing was accepted, but no reader saw the message; likeliest first: publish and"
            " the reader's path name different channels; the server has several workers and no"
            " backplane (try one worker); it changes or cuts the text"
        )
    if seen.held_back:
        yield (
            "let nothing buffer: nginx wants `proxy_buffering off;` or the answer"
            " `X-Accel-Buffering: no`; compression on the way (gzip) holds events back, too"
        )
    if seen.second is False:
        yield (
            "send each message to all readers of a channel: one queue for each reader, not one for"
            " all; of several workers, only that of the publisher may know"
        )
    if seen.leaked:
        yield "tell channels apart: a reader of another channel got the message"
    if seen.in_order is False:
        yield "keep the order: send a channel's messages from one queue, one after the other"
    if seen.sent > seen.arrived:
        yield "messages in quick succession are lost: keep a queue for each reader, not the newest"
    if seen.again and found.form == "polls":
        yield (
            "let a poll say what it has (last_id in the TOML, {last_id} in the path), and answer"
            " with what came after it"
        )


def _of_resuming(found: Found, seen: Resumed) -> Iterator[str]:
    if seen.back and not seen.lost:
        if seen.again and found.form != "polls":
            yield "send only what came after the reader's place: it got again what it had"
        return
    stream = found.stream
    if found.form == "event-stream" and stream is not None and not stream.ids:
        yield (
            "let it resume: send `id: N` with each event, keep the newest events, and begin a new"
            " stream with those after the request's Last-Event-ID"
        )
    elif found.form == "event-stream":
        yield (
            "let it resume: events have ids, but what came after the request's Last-Event-ID is not"
            " sent first; keep the newest events and do"
        )
    elif found.form == "frames":
        yield (
            "let it resume: number the messages, let a reader say the last that it has (last_id in"
            " the TOML, {last_id} in the path or in hello), and send first what came after it"
        )
    elif found.form == "polls":
        yield (
            "let a poll say what it has: last_id in the TOML and {last_id} in the path; the server"
            " must keep messages for a while"
        )
    elif found.form == "packets":
        yield (
            "what is published while a reader is away is lost to it; a broker keeps it for a"
            " session that stays (clean session off, QoS 1), which the probe does not ask for"
        )
    else:
        yield "what is published while a reader is away is lost to it"


def _of_silence(found: Found) -> Iterator[str]:
    seen = found.silence
    if seen is None or found.form not in ("event-stream", "frames"):
        return
    what = "a comment (`: keep-alive`)" if found.form == "event-stream" else "a ping"
    if seen.ended_s is not None:
        yield (
            f"the connection was ended after {duration(seen.ended_s)} of silence: raise that"
            f" timeout, or send {what} more often"
        )
    elif seen.period_s is None and seen.listened_s >= LISTENED_S:
        yield f"send {what} every 15 to 30 s, or a proxy cuts a silent connection after 60 s"
    elif seen.period_s is not None and seen.period_s > _LONG_S:
        yield f"send {what} at least every 30 s: many proxies cut after 60 s"


def _of_answer(found: Found) -> Iterator[str]:
    answer = found.answer
    if answer is None or found.form != "polls":
        return
    said = answer.headers.get("cache-control", "")
    if not any(word in said for word in ("no-store", "no-cache", "private")):
        yield "answer polls with `Cache-Control: no-store`"
    if answer.headers.get("connection", "").lower() == "close":
        yield "keep the connection open between polls: it answers with Connection: close"
