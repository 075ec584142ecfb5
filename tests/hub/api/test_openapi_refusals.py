"""Every refusal that the OpenAPI document tells of is what the hub says, word by word."""

import asyncio
import errno
import json
import os
import re
import sqlite3
import time
from dataclasses import replace

import pytest

from pushlab.contract.tokens import Grant
from pushlab.hub import core
from pushlab.hub.backplane import memory
from pushlab.hub.edge.accepting import _answer as answer_at_the_door
from pushlab.hub.keep.file import KeepFile
from pushlab.hub.keys import revoked
from pushlab.hub.reasons import BACKPLANE_AWAY, HUBS_AWAY, NOT_TOLD, PUBLISH_UNKNOWN
from tests.hub.api.openapi_reading import (
    KEYS,
    Asked,
    answers_as_told,
    good,
    hub_here,
)
from tests.live_hub import dial, read_answer
from tests.patience import PATIENCE_S, with_more_time

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _token(seconds=60.0, keys=KEYS):
    return keys.sign(Grant("ada", "ada", time.time() + seconds, "g"))[0]


def _with_token(asked, token):
    if "channel=" in asked.target:  # where the token stands in the query
        return replace(asked, target=re.sub("channel=[^&]*", f"channel={token}", asked.target))
    return replace(asked, secret=token)


def _changed(asked, **changes):
    body = json.loads(asked.body)
    changed = [{**body[0], **changes}] if isinstance(body, list) else {**body, **changes}
    return replace(asked, body=json.dumps(changed).encode())


def _bad_channel(asked):
    if asked.method == "DELETE":
        return replace(asked, body=b'{"channel": ""}')
    if asked.body is not None and asked.body[:1] in b"[{":
        return _changed(asked, channel="")
    return replace(asked, target=asked.target.replace("=ada", "=").replace("/ada/", "//"))


def _too_large(asked, told):
    size = 10**10 if "the body" in told["detail"] else int(re.sub(r"\D", "", told["detail"])) + 1
    return replace(asked, body=None, headers={"Content-Length": str(size)})


def _bad_parameter(asked, told):
    return asked.having(**{told["detail"].partition(" ")[0]: "-1"})


#: From a good request, one that is refused for this.
PROVOKED = {
    (400, "bad-batch"): lambda a, t: replace(a, body=b"[]"),
    (400, "bad-command"): lambda a, t: replace(a, target=a.target.replace("connect", "conect")),
    (400, "bad-idempotency-key"): lambda a, t: replace(a, headers={"Idempotency-Key": "é"}),
    (400, "bad-json"): lambda a, t: replace(a, body=b""),
    (400, "bad-request"): lambda a, t: replace(
        a, target=a.target.partition("?")[0], body=a.body and b"{}"
    ),
    (400, "invalid-channel"): lambda a, t: _bad_channel(a),
    (400, "invalid-client-id"): lambda a, t: replace(a, body=b'{"client_id": ""}'),
    (400, "invalid-cursor"): lambda a, t: a.having(after="17"),
    (400, "invalid-duration"): lambda a, t: _changed(a, duration_minutes=1_441),
    (400, "invalid-message"): lambda a, t: (
        _changed(a, data="") if a.body[:1] == b"[" else replace(a, body=b"")
    ),
    (400, "invalid-parameter"): _bad_parameter,
    (400, "no-such-transport"): lambda a, t: (
        _changed(a, transports=["pigeon"]) if a.body else a.having(transports="pigeon")
    ),
    (404, "token-invalid"): lambda a, t: replace(a, body=b'{"token": "nonsense"}'),
    (400, "token-missing"): lambda a, t: replace(a, target=a.target.partition("&")[0]),
    (401, "api-key-missing"): lambda a, t: replace(a, secret=None),
    (401, "token-missing"): lambda a, t: _with_token(a, "" if "channel=" in a.target else None),
    (401, "token-invalid"): lambda a, t: _with_token(a, "nonsense"),
    (401, "token-expired"): lambda a, t: _with_token(a, _token(-1)),
    (403, "bad-api-key"): lambda a, t: replace(a, secret="wrong"),
    (403, "bad-origin"): lambda a, t: replace(a, headers={"Origin": "https://other.example"}),
    (413, "too-large"): _too_large,
    (414, "head-too-large"): lambda a, t: a.having(x="x" * 17_000),
    (415, "content-encoding"): lambda a, t: replace(a, headers={"Content-Encoding": "gzip"}),
    (421, "unknown-host"): lambda a, t: replace(a, headers={"Host": "other.example"}),
    (426, "upgrade-required"): lambda a, t: a,
    (431, "head-too-large"): lambda a, t: replace(a, headers={"X": "x" * 17_000}),
    (400, "malformed"): lambda a, t: replace(a, headers={"host": "localhost"}),
    (400, "bad-upgrade"): lambda a, t: replace(
        a, body=None, headers={**_UPGRADE, "Sec-WebSocket-Version": "13", "Content-Length": "1"}
    ),
    (426, "bad-upgrade"): lambda a, t: replace(
        a, headers={**_UPGRADE, "Sec-WebSocket-Version": "12"}
    ),
}
_UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade"}
#: These want a hub that is in trouble; each has a test of its own below.
IN_TROUBLE = {
    (401, "token-revoked"),
    (408, "body-timed-out"),
    (408, "head-timed-out"),
    (422, "idempotency-key-reused"),
    (429, "too-many-channels"),
    (429, "too-many-of-address"),
    (429, "too-many-revoked"),
    (503, "backplane-away"),
    (503, "keep-failed"),
    (503, "out-of-descriptors"),
    (503, "publish-unknown"),
    (503, "server-restart"),
    (503, "too-many-connections"),
    (505, "malformed"),
    (507, "keep-full"),
    (507, "not-kept"),
}


async def refused_as_told(document, operation, told, asked, hub):
    if "Host" in asked.headers:
        async with dial(hub.url) as (reader, writer):
            writer.write(f"GET {asked.target} HTTP/1.1\r\nHost: other.example\r\n\r\n".encode())
            answer = await read_answer(reader)
    else:
        answer = await asked.of(hub)
    what = f"{operation} {told}: {answer}"
    assert answer.status == told["status"], what
    assert answer.json == told, what
    answers_as_told(document, operation, answer)


async def test_every_refusal_is_what_the_hub_says_word_by_word(hub, document):
    token, seen = await hub.token("ada"), set()
    for operation in document.operations():
        for told in operation.refusals():
            kind = (told["status"], told["error"])
            if kind in IN_TROUBLE:
                continue
            asked = next(good(hub, operation, token))
            await refused_as_told(document, operation, told, PROVOKED[kind](asked, told), hub)
            seen.add(kind)
    assert seen == set(PROVOKED)


async def provoke(document, hub, kind, *, numbers=True):
    """Provoke a refusal with requests that are as they should be, on every operation that has it.

    Returns: how many have.
    """
    count = 0
    for operation in document.operations():
        for told in operation.refusals():
            if (told["status"], told["error"]) == kind:
                asked = next(good(hub, operation, _token()))
                answer = await asked.of(hub)
                assert answer.status == kind[0], (str(operation), answer)
                assert same(answer.json, told, numbers=numbers)
                answers_as_told(document, operation, answer)
                count += 1
    return count


def same(said, told, *, numbers=True):
    """Whether they are the same; without `numbers`, but for the numbers in their words."""
    if not numbers:
        said, told = (
            {**each, "detail": re.sub(r"[\d,]+", "0", each["detail"])} for each in (said, told)
        )
    assert said == told
    return True


async def test_a_revoked_token_is_refused_as_told(document):
    async with hub_here() as hub:
        await hub.api("DELETE", "/v1/tokens", {"all": True})
        assert await provoke(document, hub, (401, "token-revoked")) > 5


async def test_too_many_channels_are_refused_as_told(document, monkeypatch):
    monkeypatch.setattr(memory, "MAX_CHANNELS", 0)
    async with hub_here() as hub:
        assert await provoke(document, hub, (429, "too-many-channels"), numbers=False) > 5


async def test_a_key_that_comes_with_other_messages_is_refused_as_told(document):
    async with hub_here() as hub:
        for operation in document.operations():
            for told in operation.refusals():
                if told["error"] == "idempotency-key-reused":
                    first = replace(
                        next(good(hub, operation, _token())),
                        headers={"Idempotency-Key": operation.path},
                    )
                    assert (await first.of(hub)).status == 202
                    assert (await first.of(hub)).status == 202
                    other = _changed(first, data="b") if first.body[:1] == b"[" else None
                    other = other or replace(first, body=b"other")
                    assert (await other.of(hub)).json == told


@pytest.mark.parametrize("reason", [BACKPLANE_AWAY, PUBLISH_UNKNOWN])
async def test_a_backplane_that_is_away_is_told_of(document, monkeypatch, reason):
    class Away(memory.MemoryBackplane):
        def __init__(self, hub):
            super().__init__(hub)
            self.at_once = False

        async def publish(self, items, key=None):
            raise reason()

        async def present(self, channel):
            raise HUBS_AWAY()

        async def revoke(self, act):
            act()
            raise NOT_TOLD()

    monkeypatch.setattr("pushlab.hub.serve.MemoryBackplane", Away)
    async with hub_here() as hub:
        assert await provoke(document, hub, (reason.status, reason.word)) >= 3


async def test_too_many_revocations_are_refused_as_told(document, monkeypatch):
    monkeypatch.setattr(revoked, "_MOST", 0)
    async with hub_here() as hub:
        (operation,) = (o for o in document.operations() if o.path == "/v1/tokens")
        (told,) = (t for t in operation.refusals() if t["error"] == "too-many-revoked")
        answer = await hub.api("DELETE", "/v1/tokens", {"client_id": "ada"})
        assert answer.json == told
        answers_as_told(document, operation, answer)


async def test_a_revocation_that_is_not_kept_is_told_of(document, monkeypatch, tmp_path):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with hub_here(revoked_file=str(tmp_path / "revoked")) as hub:
        monkeypatch.setattr(revoked, "open_private", full)
        (operation,) = (o for o in document.operations() if o.path == "/v1/tokens")
        (told,) = (t for t in operation.refusals() if t["error"] == "not-kept")
        answer = await hub.api("DELETE", "/v1/tokens", {"client_id": "ada"})
        assert answer.json == told
        answers_as_told(document, operation, answer)


@pytest.mark.parametrize(
    ("name", "words", "kind"),
    [
        ("SQLITE_FULL", "database or disk is full", (507, "keep-full")),
        ("SQLITE_IOERR", "disk I/O error", (503, "keep-failed")),
    ],
)
async def test_what_cannot_be_kept_is_told_of(document, monkeypatch, tmp_path, name, words, kind):
    error = sqlite3.OperationalError(words)
    error.sqlite_errorname = name

    def fail(*args):
        raise error

    async with hub_here(keep=str(tmp_path / "kept")) as hub:
        monkeypatch.setattr(KeepFile, "_write", fail)
        assert await provoke(document, hub, kind) == 3


async def test_who_comes_too_slowly_is_told(document):
    lines = {
        "head-timed-out": b"GET /v1/stats HTTP/1.1\r\nHost: localhost\r\n",
        "body-timed-out": b"POST /v1/channels HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
        b"%b\r\nContent-Length: 10\r\n\r\n{",
    }

    async def told_within(time_s):
        async with hub_here(settings={"head_s": time_s, "body_s": time_s}) as hub:
            for word, said in lines.items():
                async with asyncio.timeout(PATIENCE_S), dial(hub.url) as (reader, writer):
                    writer.write(said.replace(b"%b", hub.key.encode()))
                    told_at_the_door(document, await read_answer(reader), 408, word)

    await with_more_time(told_within, 0.1, 2.0)


def told_at_the_door(document, answer, status, word):
    """Every operation tells of what any request may be refused for."""
    for operation in document.operations():
        (told,) = (t for t in operation.refusals() if (t["status"], t["error"]) == (status, word))
        assert answer.json == told
        answers_as_told(document, operation, answer)


async def test_another_http_is_refused_as_told(hub, document):
    async with dial(hub.url) as (reader, writer):
        writer.write(b"GET /v1/stats HTTP/2.0\r\nHost: localhost\r\n\r\n")
        told_at_the_door(document, await read_answer(reader), 505, "malformed")


async def test_too_many_connections_are_refused_as_told(document):
    async with (
        hub_here(settings={"max_connections": 1}) as hub,
        dial(hub.url),
        dial(hub.url) as (reader, _),
    ):
        told_at_the_door(document, await read_answer(reader), 503, "too-many-connections")


@pytest.mark.parametrize(
    ("status", "word"), [(429, "too-many-of-address"), (503, "out-of-descriptors")]
)
async def test_what_an_acceptor_says_is_as_told(document, status, word):
    reader = asyncio.StreamReader()
    reader.feed_data(answer_at_the_door(word, 3))
    told_at_the_door(document, await read_answer(reader), status, word)


async def test_a_hub_that_stops_says_so_as_told(document, monkeypatch):
    made = []

    def begin(self, **more):
        made.append(self)
        return begun(self, **more)

    begun = core.Hub.__init__
    monkeypatch.setattr(core.Hub, "__init__", begin)
    kind = (503, "server-restart")
    telling = [
        (operation, told)
        for operation in document.operations()
        for told in operation.refusals()
        if (told["status"], told["error"]) == kind
    ]
    assert len(telling) == 2
    async with hub_here(settings={"hold_s": 30}) as hub:
        start = await hub.ask("GET", "/v1/poll", secret=_token())
        after = start.headers["pushlab-cursor"]
        for operation, told in telling:
            asked = Asked("GET", operation.path, _token()).having(after=after)
            if "204" in operation.answers:  # it is held until the hub stops
                asking = asyncio.create_task(asked.of(hub))
                async with asyncio.timeout(PATIENCE_S):
                    while not made[0].feed_count:  # noqa: ASYNC110 - it has no event for that
                        await asyncio.sleep(0.01)
                made[0].close()
                answer = await asking
            else:
                answer = await asked.of(hub)
            assert answer.json == told
            answers_as_told(document, operation, answer)
