"""The hub's HTTP API, asked over a socket: every request of the table, and every refusal.

Longer than 400 lines, since one hub serves all of it.
"""

import asyncio
import re
import time
from urllib.parse import quote

import pytest
import pytest_asyncio

from pushlab.contract.serving import HubSettings
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.hub.backplane import memory
from pushlab.hub.serve import serve
from pushlab.transports.long_polling import LongPolling
from tests.live_hub import (
    HTTP_TRANSPORTS,
    LiveHub,
    ask,
    config,
    dial,
    live_hub,
    read_answer,
    read_head,
)
from tests.patience import PATIENCE_S, with_more_time

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEYS = TokenKeys.fresh()
CLIENT_PATHS = ("/v1/poll", "/v1/wait", "/v1/events")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub():
    async with live_hub(keys=KEYS.export()) as running:
        yield running


def refused(answer, status, reason):
    """Whether this is a refusal that says why, in JSON."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/json"
    body = answer.json
    assert (body["error"], body["status"]) == (reason, status), body
    assert body["detail"]
    return True


# ---- making tokens ----------------------------------------------------------------------------


async def test_a_channel_is_made_with_a_token_and_endpoints(hub):
    before = time.time()
    answer = await hub.api("POST", "/v1/channels", {"client_id": "ann"})
    assert answer.status == 201
    made = answer.json
    assert set(made) == {"token", "client_id", "channel", "expires_at", "endpoints"}
    assert (made["client_id"], made["channel"]) == ("ann", "ann")
    assert before + 7_199 < made["expires_at"] < time.time() + 7_201
    assert set(made["endpoints"]) == set(HTTP_TRANSPORTS)
    assert made["endpoints"]["sse"] == {"url": hub.url + "/v1/events"}
    socket = hub.url.replace("http", "ws", 1) + "/v1/socket"
    assert made["endpoints"]["websocket"] == {"url": socket}
    told = (await hub.ask("GET", "/v1/endpoints", secret=made["token"])).json
    assert told == {key: value for key, value in made.items() if key != "token"}
    by_query = await hub.ask("GET", f"/v1/endpoints?token={made['token']}")
    assert by_query.json == told


@pytest.mark.parametrize("minutes", [1, 1.0])
async def test_a_channel_and_a_duration_may_be_named(hub, minutes):
    body = {"client_id": "ann", "channel": "room/1 é", "duration_minutes": minutes}
    made = (await hub.api("POST", "/v1/channels", body)).json
    assert made["channel"] == "room/1 é"
    assert made["expires_at"] < time.time() + 61


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "bad-json"),
        (b"{", "bad-json"),
        (b"\xff\xfe\x00", "bad-json"),
        (b"[" * 60_000, "bad-json"),
        (b"1" * 10_000, "bad-json"),
        ([], "bad-request"),
        ("ann", "bad-request"),
        ({}, "bad-request"),
        ({"client_id": "a", "what": 1}, "bad-request"),
        ({"client_id": ""}, "invalid-client-id"),
        ({"client_id": 5}, "invalid-client-id"),
        ({"client_id": None}, "invalid-client-id"),
        ({"client_id": "x" * 257}, "invalid-client-id"),
        ({"client_id": "é" * 129}, "invalid-client-id"),
        (b'{"client_id": "\\ud800"}', "invalid-client-id"),
        ({"client_id": "a", "channel": ""}, "invalid-channel"),
        ({"client_id": "a", "channel": ["b"]}, "invalid-channel"),
        ({"client_id": "a", "duration_minutes": 0}, "invalid-duration"),
        ({"client_id": "a", "duration_minutes": 1441}, "invalid-duration"),
        ({"client_id": "a", "duration_minutes": 1.5}, "invalid-duration"),
        ({"client_id": "a", "duration_minutes": True}, "invalid-duration"),
        (b'{"client_id": "a", "duration_minutes": 1e999}', "invalid-duration"),
    ],
)
async def test_a_bad_request_for_a_token_says_why(hub, body, reason):
    assert refused(await hub.api("POST", "/v1/channels", body), 400, reason)


@pytest.mark.parametrize(
    "client_id", ["\x00", "\r\n", " ", "é" * 128, "😀" * 64, "\u2028", "<a&b>"]
)
async def test_any_text_is_a_client_id(hub, client_id):
    token = await hub.token(client_id)
    told = (await hub.ask("GET", "/v1/endpoints", secret=token)).json
    assert (told["client_id"], told["channel"]) == (client_id, client_id)
    assert (await hub.api("DELETE", "/v1/tokens", {"client_id": client_id})).status == 200
    assert refused(await hub.ask("GET", "/v1/poll", secret=token), 401, "token-revoked")


async def test_a_request_that_is_too_large_is_refused(hub):
    answer = await hub.api("POST", "/v1/channels", b" " * 65_537)
    assert refused(answer, 413, "too-large")


# ---- publishing -------------------------------------------------------------------------------


async def test_publishing_answers_with_the_place_in_the_channel(hub):
    first = await hub.publish("place", "a")
    second = await hub.publish("place", "b")
    assert set(first) == {"seq", "epoch", "accepted_ns"}
    assert (first["seq"], second["seq"]) == (1, 2)
    assert first["epoch"] == second["epoch"]
    assert first["accepted_ns"] < second["accepted_ns"] < time.monotonic_ns(), "one clock"


@pytest.mark.parametrize(
    "channel", ["a/b", "a b+c%20", "漢字😀", "..", "?x=1#y", "\x00\n", "x" * 256]
)
async def test_any_channel_name_travels_percent_encoded(hub, channel):
    token = await hub.token("reader", channel)
    start = await hub.ask("GET", "/v1/poll", secret=token)
    await hub.publish(channel, "hello")
    cursor = start.headers["pushlab-cursor"]
    page = (await hub.ask("GET", f"/v1/poll?after={cursor}", secret=token)).json
    assert [message["data"] for message in page["messages"]] == ["hello"]
    assert await hub.present(channel) == ["reader"]


@pytest.mark.parametrize("text", ["x", " ", "\x00", "\r\n\r\n", "data: x\n\nid: 1", "😀" * 8_191])
async def test_any_text_is_a_message(hub, text):
    token = await hub.token("texts")
    cursor = (await hub.ask("GET", "/v1/poll", secret=token)).headers["pushlab-cursor"]
    await hub.publish("texts", text)
    page = (await hub.ask("GET", f"/v1/poll?after={cursor}", secret=token)).json
    assert [message["data"] for message in page["messages"]] == [text]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "invalid-message"),
        (b"\xff", 400, "invalid-message"),
        (b"\xed\xa0\x80", 400, "invalid-message"),
        (b"x" * 32_768, 413, "too-large"),
        (b"x" * 1_000_000, 413, "too-large"),
    ],
)
async def test_a_bad_message_is_refused(hub, body, status, reason):
    answer = await hub.api("POST", "/v1/channels/bad/messages", body)
    assert refused(answer, status, reason)


async def test_the_largest_message_is_taken(hub):
    answer = await hub.api("POST", "/v1/channels/large/messages", b"x" * 32_767)
    assert answer.status == 202


@pytest.mark.parametrize("channel", ["%FF", "", "x" * 257, "%C3%A9" * 129])
async def test_a_channel_that_cannot_be_is_refused(hub, channel):
    answer = await hub.api("POST", f"/v1/channels/{channel}/messages", b"x")
    assert refused(answer, 400, "invalid-channel")
    answer = await hub.api("GET", f"/v1/channels/{channel}/presence")
    assert refused(answer, 400, "invalid-channel")


async def test_an_upload_over_the_limit_is_stopped_early(hub):
    """The refusal comes while the upload still goes on, however long it would be."""
    async with asyncio.timeout(PATIENCE_S), dial(hub.url) as (reader, writer):
        writer.write(
            b"POST /v1/publish?channel=a HTTP/1.1\r\nHost: localhost\r\n"
            b"Transfer-Encoding: chunked\r\n"
            b"Authorization: Bearer " + hub.key.encode() + b"\r\n\r\n"
        )
        for _ in range(9):
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        answer = await read_answer(reader)  # the last chunk was never sent
    assert refused(answer, 413, "too-large")


async def test_a_length_over_the_limit_is_refused_before_anything_is_sent(hub):
    async with asyncio.timeout(PATIENCE_S), dial(hub.url) as (reader, writer):
        writer.write(
            b"POST /v1/publish?channel=a HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: 10000000000\r\n"
            b"Expect: 100-continue\r\nAuthorization: Bearer " + hub.key.encode() + b"\r\n\r\n"
        )
        assert refused(await read_answer(reader), 413, "too-large")


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip"])
async def test_a_compressed_body_is_415_and_told_what_would_do(hub, coding):
    for target in ("/v1/channels/a/messages", "/v1/messages", "/v1/channels"):
        headers = {"Content-Encoding": coding}
        answer = await hub.ask("POST", target, secret=hub.key, body=b"\x1f\x8b", headers=headers)
        assert refused(answer, 415, "content-encoding")
        assert answer.headers["accept-encoding"] == "identity"
        assert coding in answer.json["detail"]


async def test_a_chunked_message_is_a_message(hub):
    async with asyncio.timeout(PATIENCE_S), dial(hub.url) as (reader, writer):
        writer.write(
            b"POST /v1/channels/chunked/messages HTTP/1.1\r\nHost: localhost\r\n"
            b"Transfer-Encoding: chunked\r\nAuthorization: bearer " + hub.key.encode() + b"\r\n\r\n"
            b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
        )
        answer = await read_answer(reader)
    assert answer.status == 202


# ---- batches ----------------------------------------------------------------------------------


async def test_a_batch_is_answered_by_a_list_in_order(hub):
    items = [{"channel": f"batch{number % 2}", "data": str(number)} for number in range(1_000)]
    answer = await hub.api("POST", "/v1/messages", items)
    assert answer.status == 202
    assert [entry["seq"] for entry in answer.json] == [1 + number // 2 for number in range(1_000)]
    assert all(set(entry) == {"seq", "epoch", "accepted_ns"} for entry in answer.json)


async def test_a_full_batch_of_full_messages_is_taken(hub):
    letters = "й" * 16_383  # two bytes each, and six in the JSON that most writers make
    items = [{"channel": "full", "data": letters}] * 1_000
    answer = await hub.api("POST", "/v1/messages", items)
    assert answer.status == 202
    assert len(answer.json) == 1_000


@pytest.mark.parametrize(
    ("items", "status", "reason"),
    [
        (b"nonsense", 400, "bad-json"),
        ([], 400, "bad-batch"),
        ({"channel": "a", "data": "b"}, 400, "bad-batch"),
        ([{"channel": "atomic", "data": "x"}] * 1_001, 400, "bad-batch"),
        ([{"channel": "atomic", "data": "x"}, 5], 400, "bad-batch"),
        ([{"channel": "atomic", "data": "x"}, {"channel": "a"}], 400, "bad-batch"),
        (
            [{"channel": "atomic", "data": "x"}, {"channel": "a", "data": ""}],
            400,
            "invalid-message",
        ),
        ([{"channel": "atomic", "data": "x"}, {"channel": "a", "data": 5}], 400, "invalid-message"),
        (
            [{"channel": "atomic", "data": "x"}, {"channel": [], "data": "y"}],
            400,
            "invalid-channel",
        ),
        (
            [{"channel": "atomic", "data": "x"}, {"channel": "a", "data": "x" * 32_768}],
            400,
            "invalid-message",
        ),
    ],
)
async def test_a_batch_is_taken_whole_or_not_at_all(hub, items, status, reason):
    before = (await hub.publish("atomic", "before"))["seq"]
    answer = await hub.api("POST", "/v1/messages", items)
    assert refused(answer, status, reason)
    assert (await hub.publish("atomic", "after"))["seq"] == before + 1


# ---- who may ----------------------------------------------------------------------------------

API_REQUESTS = [
    ("POST", "/v1/channels"),
    ("POST", "/v1/channels/a/messages"),
    ("POST", "/v1/messages"),
    ("GET", "/v1/channels/a/presence"),
    ("GET", "/v1/stats"),
    ("GET", "/metrics"),
]


@pytest.mark.parametrize(("method", "target"), API_REQUESTS)
async def test_the_api_wants_its_key(hub, method, target):
    body = b"x" if method == "POST" else None
    answer = await hub.ask(method, target, body=body)
    assert refused(answer, 401, "api-key-missing")
    assert answer.headers["www-authenticate"] == "Bearer"
    for wrong in ("wrong", hub.key + "x", hub.key[:-1], await hub.token("ann")):
        assert refused(await hub.ask(method, target, body=body, secret=wrong), 403, "bad-api-key")


@pytest.mark.parametrize("path", [*CLIENT_PATHS, "/v1/endpoints"])
async def test_a_reader_wants_a_token(hub, path):
    answer = await hub.ask("GET", path)
    assert refused(answer, 401, "token-missing")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert refused(await hub.ask("GET", f"{path}?token="), 401, "token-missing")


def sign(keys, *, expires_at):
    return keys.sign(Grant("ann", "ann", expires_at, "g"))[0]


@pytest.mark.parametrize("path", [*CLIENT_PATHS, "/v1/endpoints"])
async def test_a_token_that_is_not_good_is_refused(hub, path):
    good = sign(KEYS, expires_at=time.time() + 60)
    first = "A" if good[-20] != "A" else "B"
    for token, reason in [
        ("nonsense", "token-invalid"),
        (hub.key, "token-invalid"),
        (good[:-20] + first + good[-19:], "token-invalid"),
        (sign(KEYS, expires_at=time.time() - 1), "token-expired"),
        (sign(TokenKeys.fresh(), expires_at=time.time() + 60), "token-revoked"),
    ]:
        assert refused(await hub.ask("GET", path, secret=token), 401, reason)
        assert refused(await hub.ask("GET", f"{path}?token={quote(token)}"), 401, reason)


@pytest.mark.parametrize("path", [*CLIENT_PATHS, "/v1/endpoints"])
async def test_an_odd_authorization_is_refused(hub, path):
    for odd in ("Basic YTpi", "Bearer", "Bearer ", "é"):
        answer = await hub.ask("GET", path, headers={"Authorization": odd})
        assert refused(answer, 401, "token-invalid")


@pytest.mark.parametrize("path", [*CLIENT_PATHS, "/v1/endpoints"])
async def test_a_token_in_the_query_counts_whatever_a_proxy_asks_of_browsers(hub, path):
    asked = f"{path}?token={await hub.token('ann')}&wait=0"
    for others in ("Basic YTpi", "Digest a=b", "negotiate YTpi"):
        answer = await hub.ask("GET", asked, headers={"Authorization": others})
        assert answer.status in (200, 204)
    for wrong in ("Bearer nonsense", "Bearer", "nonsense"):
        answer = await hub.ask("GET", asked, headers={"Authorization": wrong})
        assert refused(answer, 401, "token-invalid")


# ---- cursors and spans ------------------------------------------------------------------------


@pytest.mark.parametrize("path", CLIENT_PATHS)
@pytest.mark.parametrize("cursor", ["17", "x", "A-1", "a-01", "a-", "-1", "a-1-2", "%00", "%FF-1"])
async def test_what_is_no_cursor_is_refused(hub, path, cursor):
    token = await hub.token("ann")
    answer = await hub.ask("GET", f"{path}?after={cursor}", secret=token)
    assert refused(answer, 400, "invalid-cursor")


@pytest.mark.parametrize("path", CLIENT_PATHS)
async def test_a_cursor_ahead_of_the_channel_is_refused(hub, path):
    entry = await hub.publish("ahead", "x")
    token = await hub.token("ann", "ahead")
    ahead = f"{entry['epoch']}-{entry['seq'] + 1}"
    answer = await hub.ask("GET", f"{path}?after={ahead}", secret=token)
    assert refused(answer, 400, "invalid-cursor")


@pytest.mark.parametrize("value", ["0", "-1", "abc", "", "nan", "inf", "1e9", "1_0", "%D9%A5"])
async def test_a_lease_that_cannot_be_is_refused(hub, value):
    token = await hub.token("lease")
    answer = await hub.ask("GET", f"/v1/poll?lease_s={value}", secret=token)
    assert refused(answer, 400, "invalid-parameter")
    assert await hub.present("lease") == []


@pytest.mark.parametrize("value", ["-1", "abc", "", "nan", "inf", "121"])
async def test_a_hold_that_cannot_be_is_refused(hub, value):
    token = await hub.token("hold")
    answer = await hub.ask("GET", f"/v1/wait?hold_s={value}", secret=token)
    assert refused(answer, 400, "invalid-parameter")
    assert await hub.present("hold") == []


async def test_a_hold_longer_than_the_hubs_longest_ends_then():
    async with live_hub(settings={"max_hold_s": 0.2}, transports={"long-polling": {}}) as hub:
        token = await hub.token("hold")
        empty = await hub.ask("GET", "/v1/wait", secret=token)
        target = f"/v1/wait?after={empty.headers['pushlab-cursor']}&hold_s=30"
        begun = time.monotonic()
        answer = await hub.ask("GET", target, secret=token)
        assert answer.status == 204
        assert time.monotonic() - begun < 25
    assert LongPolling().in_force(HubSettings(max_hold_s=0.2)).timers.hold_s == 0.2


# ---- polls ------------------------------------------------------------------------------------


async def test_a_poll_answers_at_once_with_what_is_new(hub):
    token = await hub.token("poller")
    empty = await hub.ask("GET", "/v1/poll", secret=token)
    assert (empty.status, empty.body) == (204, b"")
    epoch = empty.headers["pushlab-cursor"].split("-")[0]
    await hub.publish("poller", "one")
    await hub.publish("poller", "two")
    answer = await hub.ask("GET", f"/v1/poll?after={epoch}-0", secret=token)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json == {
        "cursor": f"{epoch}-2",
        "messages": [{"seq": 1, "data": "one"}, {"seq": 2, "data": "two"}],
    }
    after = await hub.ask("GET", f"/v1/poll?after={epoch}-2&token={token}")
    assert after.status == 204


async def test_a_cursor_from_another_life_is_answered_with_a_gap(hub):
    await hub.publish("lives", "x")
    token = await hub.token("ann", "lives")
    for path in ("/v1/poll", "/v1/wait"):
        page = (await hub.ask("GET", f"{path}?after=old-9", secret=token)).json
        assert page["gap"]["after"] == "old-9"
        assert page["gap"]["resumed"].endswith("-0")
        assert [message["data"] for message in page["messages"]] == ["x"]


async def test_a_long_poll_is_held_until_a_message(hub):
    token = await hub.token("held")
    cursor = (await hub.ask("GET", "/v1/wait", secret=token)).headers["pushlab-cursor"]
    target = f"/v1/wait?after={cursor}&hold_s=60"
    held = asyncio.create_task(hub.ask("GET", target, secret=token))
    await hub.until_present("held", ["held"])
    assert not held.done()
    await hub.publish("held", "now")
    assert (await held).json["messages"] == [{"seq": 1, "data": "now"}]


async def test_a_hold_ends_with_nothing(hub):
    token = await hub.token("hold-end")
    cursor = (await hub.ask("GET", "/v1/wait", secret=token)).headers["pushlab-cursor"]
    began = time.monotonic()
    answer = await hub.ask("GET", f"/v1/wait?after={cursor}&hold_s=0.2", secret=token)
    assert answer.status == 204
    assert time.monotonic() - began >= 0.19
    assert answer.headers["pushlab-cursor"] == cursor


@pytest.mark.parametrize("path", ["/v1/poll", "/v1/wait"])
async def test_a_goodbye_ends_presence(hub, path):
    name = "bye" + path[-4:]
    token = await hub.token(name)
    await hub.ask("GET", path, secret=token)
    assert await hub.present(name) == [name]
    answer = await hub.ask("DELETE", path, secret=token)
    assert (answer.status, answer.body) == (204, b"")
    assert await hub.present(name) == []


# ---- streams ----------------------------------------------------------------------------------


async def stream_opening(hub, target, **headers):
    async with asyncio.timeout(PATIENCE_S), dial(hub.url) as (reader, writer):
        extra = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{extra}\r\n".encode())
        head = await read_head(reader)
        assert head.status == 200
        assert head.headers["content-type"] == "text/event-stream"
        read = await reader.readuntil(b"data: second\n")
        return read + await reader.readuntil(b"\n\n")


async def test_a_stream_resumes_by_header_and_by_either_parameter(hub):
    epoch = (await hub.publish("resume", "first"))["epoch"]
    await hub.publish("resume", "second")
    token = await hub.token("ann", "resume")
    base = f"/v1/events?token={token}"
    for opening in [
        await stream_opening(hub, f"{base}&after={epoch}-1"),
        await stream_opening(hub, f"{base}&lastEventId={epoch}-1"),
        await stream_opening(hub, base, **{"Last-Event-ID": f"{epoch}-1"}),
        await stream_opening(hub, f"{base}&after={epoch}-0", **{"Last-Event-ID": f"{epoch}-1"}),
    ]:
        assert re.search(rb"retry: [123]\d{3}\n", opening)
        assert f"id: {epoch}-1\n".encode() in opening, "where the reader stands"
        assert f"data: second\nid: {epoch}-2\n\n".encode() in opening
        assert b"first" not in opening


async def test_a_stream_says_that_it_lives():
    async with live_hub(settings={"keep_alive_s": 0.05}) as hub:
        token = await hub.token("ann")
        async with asyncio.timeout(PATIENCE_S), dial(hub.url) as (reader, writer):
            writer.write(
                f"GET /v1/events?token={token} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            )
            for _ in range(3):
                await reader.readuntil(b": keep-alive\n\n")


# ---- what is not there ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    ["/", "/v1", "/v1/nothing", "/v1/stats/", "/v1/channels/a", "/v1/channels/a/b", "/healthz/x"],
)
async def test_what_is_not_there_is_404(hub, target):
    assert refused(await hub.api("GET", target), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "target", "allowed"),
    [
        ("POST", "/v1/poll", "DELETE, GET"),
        ("PUT", "/v1/wait", "DELETE, GET"),
        ("POST", "/v1/events", "GET"),
        ("GET", "/v1/channels", "POST"),
        ("GET", "/v1/messages", "POST"),
        ("GET", "/v1/channels/a/messages", "POST"),
        ("DELETE", "/v1/channels/a/presence", "GET, HEAD"),
        ("POST", "/v1/stats", "GET, HEAD"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
async def test_another_method_is_405_and_says_which_would_do(hub, method, target, allowed):
    answer = await hub.api(method, target, b"" if method != "GET" else None)
    assert refused(answer, 405, "bad-method")
    assert sorted(answer.headers["allow"].split(", ")) == allowed.split(", ")


async def test_too_many_channels_is_429(monkeypatch):
    """A hub on this event loop, with room for three channels."""
    monkeypatch.setattr(memory, "MAX_CHANNELS", 3)
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    settings = config(keys=KEYS.export())
    serving = asyncio.create_task(serve(settings, stop=stop, ready=ready.set_result))
    try:
        await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        hub = LiveHub(ready.result(), settings.api_key)
        for name in ("a", "b", "c"):
            await hub.publish(name, "x")
        reason = "too-many-channels"
        answer = await hub.api("POST", "/v1/channels", {"client_id": "d"})
        assert refused(answer, 429, reason)
        answer = await hub.api("POST", "/v1/channels/d/messages", b"x")
        assert refused(answer, 429, reason)
        items = [{"channel": "a", "data": "y"}, {"channel": "d", "data": "x"}]
        assert refused(await hub.api("POST", "/v1/messages", items), 429, reason)
        token = KEYS.sign(Grant("d", "d", time.time() + 60, "g"))[0]
        for path in CLIENT_PATHS:
            assert refused(await hub.ask("GET", path, secret=token), 429, reason)
        assert (await hub.publish("a", "x"))["seq"] == 2, "the batch was refused whole"
    finally:
        stop.set()
        await serving


# ---- looking ----------------------------------------------------------------------------------


async def test_health_is_for_anyone(hub):
    answer = await hub.ask("GET", "/healthz")
    assert (answer.status, answer.body) == (200, b"ok\n")


async def test_stats_count_hits_by_transport_and_kind(hub):
    async def hits():
        figures = (await hub.api("GET", "/v1/stats")).json
        return {
            (name, kind): count
            for name, kinds in figures["hits"].items()
            for kind, count in kinds.items()
        }

    token = await hub.token("counted")
    before = await hits()
    cursor = (await hub.ask("GET", "/v1/poll", secret=token)).headers["pushlab-cursor"]
    await hub.ask("GET", f"/v1/poll?after={cursor}", secret=token)
    await hub.publish("counted", "x")
    await hub.ask("GET", f"/v1/poll?after={cursor}", secret=token)
    await hub.ask("GET", f"/v1/wait?after={cursor}", secret=token)
    await hub.ask("GET", "/v1/poll?token=bad")
    await hub.ask("DELETE", "/v1/poll", secret=token)
    await hub.ask("GET", "/nothing")
    after = await hits()
    changes = {key: after[key] - before.get(key, 0) for key in after}
    assert {key: change for key, change in changes.items() if change} == {
        ("short-polling", "connect"): 1,
        ("short-polling", "poll-empty"): 1,
        ("short-polling", "poll-useful"): 1,
        ("short-polling", "refused"): 1,
        ("short-polling", "leave"): 1,
        ("long-polling", "poll-useful"): 1,
        ("api", "publish"): 1,
        ("api", "refused"): 1,
    }


async def test_stats_have_the_servers_own_figures(hub):
    figures = (await hub.api("GET", "/v1/stats")).json
    assert figures["now_ns"] <= time.monotonic_ns()
    assert figures["uptime_s"] > 0
    assert figures["process"]["cpu_s"] > 0
    assert figures["process"]["rss_bytes"] > 10**6
    assert figures["process"]["open_descriptors"] > 3
    assert figures["presence_posts_dropped"] == 0


SAMPLE = re.compile(
    r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>[^}]*)\})? (?P<value>[-+]?[\d.]+(?:e[-+]?\d+)?)"
)
LABEL = re.compile(r'[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*"')


def parse_prometheus(text):
    """Exposition format 0.0.4: each sample behind its TYPE, each series once."""
    assert text.endswith("\n")
    types, samples = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types
            types[name] = kind
        elif not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, line
            labels = match["labels"] or ""
            assert all(LABEL.fullmatch(label) for label in labels.split(",") if label), line
            assert match["name"] in types, line
            assert (match["name"], labels) not in samples
            samples[match["name"], labels] = float(match["value"])
    return types, samples


async def test_metrics_are_prometheus_text(hub):
    await hub.publish("metrics", "x")
    answer = await hub.api("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    types, samples = parse_prometheus(answer.body.decode())
    assert types["pushlab_hits_total"] == "counter"
    assert samples["pushlab_hits_total", 'transport="api",kind="publish"'] >= 1
    assert samples["pushlab_messages_published_total", ""] >= 1
    assert samples["process_cpu_seconds_total", ""] > 0


async def test_refusals_are_counted_by_kind_and_told_to_the_log_once(hub):
    before = (await hub.api("GET", "/v1/stats")).json["refusals"].get("token-invalid", 0)
    secret = "k0.bm90LW91cnM." + "a" * 43
    for _ in range(5):
        assert (await hub.ask("GET", "/v1/poll", secret="not-a-token")).status == 401
        assert (await hub.ask("GET", "/v1/events", secret=secret)).status == 401
    figures = (await hub.api("GET", "/v1/stats")).json["refusals"]
    assert figures["token-invalid"] == before + 5
    assert figures["token-revoked"] >= 5
    types, samples = parse_prometheus((await hub.api("GET", "/metrics")).body.decode())
    assert types["pushlab_refusals_total"] == "counter"
    assert samples["pushlab_refusals_total", 'kind="token-invalid"'] == before + 5
    lines = [line for line in hub.log().splitlines() if "token-revoked" in line]
    assert len(lines) == 1
    assert secret not in hub.log()


async def test_the_log_tells_which_host_is_unknown(hub):
    async with dial(hub.url) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: pushed.example\r\n\r\n")
        assert (await read_answer(reader)).status == 421
    (line,) = [line for line in hub.log().splitlines() if "unknown-host" in line]
    assert "pushed.example" in line


async def test_no_answer_is_a_server_error_and_nothing_is_logged(hub):
    """Whatever this module asked before, and a few oddities more."""
    for target in ("/v1/poll?%ff=%ff&after=%ff", "/%2e%2e/%ff", "/v1/poll?after=" + "9" * 5_000):
        assert (await hub.api("GET", target)).status < 500
    assert [line for line in hub.log().splitlines() if not line.startswith("refused: ")] == []


# ---- revoking ---------------------------------------------------------------------------------


async def _told(hub, path, token):
    """A connection on a stream's path that is open, and what it hears until its end."""
    parts = hub.url.removeprefix("http://")
    reader, writer = await asyncio.open_connection(*parts.split(":"))
    head = f"GET {path} HTTP/1.1\r\nHost: {parts}\r\nAuthorization: Bearer {token}\r\n"
    if path == "/v1/socket":
        head += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        head += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    writer.write(head.encode() + b"\r\n")

    async def hear():
        try:
            heard = b""
            while b"token-revoked" not in heard:
                heard += await reader.read(65_536) or b"token-revoked: the connection ended before"
            return heard
        finally:
            writer.close()

    return asyncio.ensure_future(asyncio.wait_for(hear(), PATIENCE_S))


async def test_a_revoked_token_ends_what_stands_on_it_on_every_transport(hub):
    token, other = await hub.token("ann", "revoking"), await hub.token("ann", "revoking")
    start = (await hub.ask("GET", "/v1/poll", secret=token)).headers["pushlab-cursor"]
    feeds = (await hub.api("GET", "/v1/stats")).json["feeds"]
    paths = "/v1/events", "/v1/socket", f"/v1/wait?after={start}&hold_s=60"
    told = [await _told(hub, path, token) for path in paths]
    for _ in range(int(PATIENCE_S * 100)):
        if (await hub.api("GET", "/v1/stats")).json["feeds"] == feeds + len(paths):
            break
        await asyncio.sleep(0.01)
    answer = await hub.api("DELETE", "/v1/tokens", {"token": token})
    assert (answer.status, answer.json) == (200, {"ended": len(paths)})
    sse, socket, wait = [await each for each in told]
    assert b"event: close\ndata: " in sse.replace(b"\r", b"")
    assert b'"token-revoked"' in sse
    assert b"\x88\x0f\x11\x31token-revoked" in socket, "a close of 4401"
    assert wait.startswith(b"HTTP/1.1 401 ")
    for path in ("/v1/poll", "/v1/events", "/v1/endpoints"):
        assert refused(await hub.ask("GET", path, secret=token), 401, "token-revoked")
    assert (await hub.ask("GET", "/v1/poll", secret=other)).status == 204
    again = await hub.api("DELETE", "/v1/tokens", {"token": token})
    assert (again.status, again.json) == (200, {"ended": 0})
    assert token not in hub.log()


@pytest.mark.parametrize(
    ("what", "hit"),
    [
        ({"client_id": "c1"}, {"c1 r1", "c1 r2"}),
        ({"channel": "r1"}, {"c1 r1", "c2 r1"}),
        ({"client_id": "c1", "channel": "r1"}, {"c1 r1"}),
        ({"channel": "r1", "client_id": "c1"}, {"c1 r1"}),
    ],
)
async def test_all_tokens_of_a_client_or_a_channel_are_revoked_and_new_ones_count(hub, what, hit):
    pairs = [(client, channel) for client in ("c1", "c2") for channel in ("r1", "r2")]
    tokens = {" ".join(pair): await hub.token(*pair) for pair in pairs}
    assert (await hub.api("DELETE", "/v1/tokens", what)).status == 200
    statuses = {
        pair: (await hub.ask("GET", "/v1/poll", secret=token)).status
        for pair, token in tokens.items()
    }
    assert {pair for pair, status in statuses.items() if status == 401} == hit
    assert (await hub.ask("GET", "/v1/poll", secret=await hub.token("c1", "r1"))).status == 204


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ([], "bad-request"),
        ({}, "bad-request"),
        ({"token": 5}, "bad-request"),
        ({"token": "x", "client_id": "a"}, "bad-request"),
        ({"all": 1}, "bad-request"),
        ({"all": False}, "bad-request"),
        ({"all": True, "channel": "a"}, "bad-request"),
        ({"client_id": "a", "what": "b"}, "bad-request"),
        ({"client_id": None}, "invalid-client-id"),
        ({"client_id": ""}, "invalid-client-id"),
        ({"client_id": "a", "channel": ""}, "invalid-channel"),
        ({"token": ""}, "token-invalid"),
        ({"token": "k1.e30.x"}, "token-invalid"),
        (b"{", "bad-json"),
    ],
)
async def test_a_bad_request_to_revoke_revokes_nothing_and_says_why(hub, body, reason):
    token = await hub.token("a")
    status = 404 if reason == "token-invalid" else 400
    assert refused(await hub.api("DELETE", "/v1/tokens", body), status, reason)
    assert (await hub.ask("GET", "/v1/poll", secret=token)).status == 204


async def test_only_the_application_revokes(hub):
    token = await hub.token("a")
    for secret, status in ((None, 401), (token, 403)):
        answer = await hub.ask("DELETE", "/v1/tokens", secret=secret, body=b'{"all": true}')
        assert answer.status == status
    assert (await hub.ask("GET", "/v1/poll", secret=token)).status == 204


async def stats_at(hub, at_ns):
    said = {"Pushlab-At-Ns": str(at_ns)}
    return await ask(hub.url, "GET", "/v1/stats", secret=hub.key, headers=said)


async def test_figures_can_be_taken_at_a_moment_that_is_told_before(hub):
    async def ahead(time_s):
        at_ns = time.monotonic_ns() + int(time_s * 1e9)
        asked = asyncio.ensure_future(stats_at(hub, at_ns))
        before = (await hub.api("GET", "/v1/stats")).json
        assert at_ns <= (await asked).json["now_ns"]
        assert before["now_ns"] < at_ns

    await with_more_time(ahead, 0.2, 5.0)
    at_ns = time.monotonic_ns()
    for soon in (0, at_ns, at_ns + 2 * 86_400 * 10**9):  # it has passed; it is too far away
        assert (await stats_at(hub, soon)).json["now_ns"] > at_ns


@pytest.mark.parametrize("value", ["-1", "1.5", "x", "9" * 20, str(2**63)])
async def test_a_moment_is_a_whole_number(hub, value):
    assert refused(await stats_at(hub, value), 400, "invalid-parameter")
