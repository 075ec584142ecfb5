"""The server's face of the Channel API: its limits, its errors, and the hub behind it."""

import asyncio
import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab import channel_api, errors
from pushlab.channel_api import ChannelService, LocalChannelService
from pushlab.contract.tokens import Grant, TokenKeys, looks_like_token
from pushlab.hub.core import Hub
from pushlab.hub.process import start_hub
from tests.live_hub import config, live_hub
from tests.patience import PATIENCE_S


@contextlib.asynccontextmanager
async def at_a_url():
    async with live_hub(transports={"short-polling": {}}) as hub:
        with ChannelService(hub.url, hub.key) as service:
            yield hub, service


async def read(hub, token, after):
    """What a poll gets: the texts, and the cursor behind them."""
    answer = await hub.ask("GET", f"/v1/poll?after={after}", secret=token)
    if answer.status == 204:
        return [], answer.headers["pushlab-cursor"]
    assert answer.status == 200, answer
    return [message["data"] for message in answer.json["messages"]], answer.json["cursor"]


def away(work, *args):
    """Run blocking work beside the event loop, as an async application does."""
    return asyncio.wait_for(asyncio.to_thread(work, *args), PATIENCE_S)


# ---- limits -----------------------------------------------------------------------------------


class Deaf(channel_api.Service):
    """A service that lets everything pass which the Channel API lets pass."""

    def __init__(self):
        self.passed = []

    def _make_token(self, client_id, duration_minutes):
        self.passed.append((client_id, duration_minutes))
        return "token"

    def _publish(self, channel, message):
        self.passed.append((channel, message))

    def _revoke(self, what, value):
        self.passed.append((what, value))
        return 0

    def _grant_of(self, token):
        raise errors.Refused(401, "token-invalid", "no")


LETTERS = st.sampled_from(["a", "é", "漢", "🎓", "\0", "\n"])
NO_TEXT = st.sampled_from([None, 7, 1.5, bytearray(b"a"), ["a"], True])


def refused(error, call, *args):
    service, raised = Deaf(), None
    try:
        getattr(service, call)(*args)
    except channel_api.Error as told:
        raised = type(told)
    assert raised in (None, error)
    assert len(service.passed) == (0 if raised else 1)
    return raised is error


@given(LETTERS, st.integers(0, 300))
def test_a_client_id_has_1_to_256_bytes(letter, count):
    wrong = not 1 <= len(letter.encode()) * count <= 256
    error = channel_api.InvalidChannelClientIdError
    assert refused(error, "create_channel", letter * count) is wrong
    assert refused(error, "send_message", letter * count, "text") is wrong


@given(LETTERS, st.integers(-3, 3))
def test_a_message_has_1_to_32767_bytes(letter, beyond):
    count = 32_767 // len(letter.encode()) + beyond
    wrong = len(letter.encode()) * count > 32_767
    assert refused(channel_api.InvalidMessageError, "send_message", "ann", letter * count) is wrong
    assert refused(channel_api.InvalidMessageError, "send_message", "ann", "")


@given(st.one_of(st.integers(-2, 1_445), st.floats(), st.booleans(), st.text(max_size=3)))
def test_a_duration_is_a_whole_number_from_1_to_1440(minutes):
    wrong = not isinstance(minutes, int) or not 1 <= minutes <= 1_440
    error = channel_api.InvalidChannelTokenDurationError
    assert refused(error, "create_channel", "ann", minutes) is wrong


@given(NO_TEXT)
def test_what_is_no_text_is_refused(value):
    assert refused(channel_api.InvalidChannelClientIdError, "create_channel", value)
    assert refused(channel_api.InvalidChannelClientIdError, "send_message", value, "text")
    assert refused(channel_api.InvalidMessageError, "send_message", "ann", value)
    assert refused(channel_api.InvalidMessageError, "send_message", "ann", "\ud800")


def test_its_errors_are_the_contracts_too():
    assert issubclass(channel_api.Error, errors.PushlabError)
    for mine, contracts in {
        channel_api.InvalidChannelClientIdError: errors.InvalidClientId,
        channel_api.InvalidChannelTokenDurationError: errors.InvalidDuration,
        channel_api.InvalidMessageError: errors.InvalidMessage,
        channel_api.HubRefused: errors.Refused,
        channel_api.HubUnreachable: errors.ConnectionFailed,
        channel_api.NotConfigured: errors.UsageError,
    }.items():
        assert issubclass(mine, channel_api.Error)
        assert issubclass(mine, contracts)


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name != "Refused"])
def test_whatever_a_service_raises_is_an_error_of_the_channel_api(name):
    class Failing(Deaf):
        def _publish(self, channel, message):
            raise getattr(errors, name)("why")

    with pytest.raises(channel_api.Error, match="why"):
        Failing().send_message("ann", "text")


@given(st.text(max_size=80), st.text(max_size=80))
def test_every_token_looks_like_one(client_id, channel):
    token, _ = TokenKeys.fresh().sign(Grant(client_id, channel, 1.0, "0"))
    assert looks_like_token(token)
    assert not looks_like_token(token[:-1])


# ---- a hub at a URL ---------------------------------------------------------------------------


async def test_a_message_goes_to_who_holds_a_token_of_the_client_id():
    async with at_a_url() as (hub, service):
        for client_id in "ada", "a/b ?c%2F&d", "..", "漢" * 85, "\r\nX: y":
            token = await away(service.create_channel, client_id)
            grant = (await hub.ask("GET", "/v1/endpoints", secret=token)).json
            assert (grant["client_id"], grant["channel"]) == (client_id, client_id)
            assert grant["expires_at"] == pytest.approx(time.time() + 120 * 60, abs=PATIENCE_S)
            _, cursor = await read(hub, token, "")
            await away(service.send_message, client_id, "by its ID\r\n")
            await away(service.send_message, token, "by its token 🎓")
            texts, _ = await read(hub, token, cursor)
            assert texts == ["by its ID\r\n", "by its token 🎓"]
        brief = await away(service.create_channel, "ada", 1)
        grant = (await hub.ask("GET", "/v1/endpoints", secret=brief)).json
        assert grant["expires_at"] == pytest.approx(time.time() + 60, abs=PATIENCE_S)


async def test_a_token_or_all_of_a_client_are_revoked():
    async with at_a_url() as (hub, service):
        tokens = [await away(service.create_channel, who) for who in ("ada", "ada", "bob")]
        foreign, _ = TokenKeys.fresh().sign(Grant("ada", "ada", time.time() + 60, "0"))

        async def statuses():
            return [(await hub.ask("GET", "/v1/poll", secret=token)).status for token in tokens]

        assert await away(service.revoke, foreign) == 0, "the client ID of somebody odd"
        assert await statuses() == [204, 204, 204]
        assert await away(service.revoke, tokens[0]) == 0, "nothing stood on it"
        assert await statuses() == [401, 204, 204]
        await away(service.revoke, "ada")
        assert await statuses() == [401, 401, 204]
        with pytest.raises(channel_api.InvalidChannelClientIdError):
            await away(service.revoke, "")


async def test_only_a_token_of_the_hubs_own_stands_for_a_client_id():
    keys = TokenKeys.fresh()
    ended, _ = keys.sign(Grant("ann", "ann", time.time() - 1, "0"))
    forged, _ = TokenKeys(dict.fromkeys(keys.export(), b"a guessed secret")).sign(
        Grant("eve", "ann", time.time() + 60, "0")
    )
    async with live_hub(transports={"short-polling": {}}, keys=keys.export()) as hub:
        with ChannelService(hub.url, hub.key) as service:
            token = await hub.token("ann")
            _, cursor = await read(hub, token, "")
            await away(service.send_message, ended, "to the same client")
            assert (await read(hub, token, cursor))[0] == ["to the same client"]
            _, cursor = await read(hub, token, "")
            await away(service.send_message, forged, "into a channel of that name")
            assert (await read(hub, token, cursor))[0] == []
            forged_reader = await hub.token(forged)
            assert (await read(hub, forged_reader, ""))[1].endswith("-1")


async def test_many_threads_share_a_service_and_its_connections():
    async with at_a_url() as (hub, service):
        token = await away(service.create_channel, "ada")
        _, cursor = await read(hub, token, "")
        sent = [f"{thread}:{number}" for thread in range(8) for number in range(15)]

        def send_all():
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda text: service.send_message("ada", text), sent))

        await away(send_all)
        texts, _ = await read(hub, token, cursor)
        assert sorted(texts) == sorted(sent)
        assert 1 <= len(service._idle) <= 8
        kept = service._idle[-1][1]
        await away(service.send_message, "ada", "one more")
        assert service._idle[-1][1] is kept


async def test_a_hub_that_comes_again_is_found_and_one_that_is_gone_is_told():
    first = config(transports={"short-polling": {}}, api_key="the key of this test")
    async with await start_hub(first) as process:
        url = process.url
        service = ChannelService(url, first.api_key)
        await away(service.send_message, "ada", "old")
    with pytest.raises(errors.ConnectionFailed, match=url):
        await away(ChannelService(url, "key").send_message, "ada", "nobody is there")
    port = int(url.rpartition(":")[2])
    again = config(transports={"short-polling": {}}, api_key=first.api_key, port=port)
    async with await start_hub(again):
        await away(service.send_message, "ada", "new")  # not over the old connection
        stranger = ChannelService(url, "another key")
        with pytest.raises(channel_api.HubRefused) as told:
            await away(stranger.create_channel, "ada")
        assert (told.value.status, told.value.reason) == (403, "bad-api-key")
        assert "another key" not in f"{told.value} {told.value!r} {stranger!r}"
        stranger.close()
    service.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\n[{}]", errors.ConnectionFailed),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}", errors.ConnectionFailed),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\n<p>\n", errors.Refused),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{", errors.ConnectionFailed),
        (
            b'HTTP/1.1 201 Created\r\nContent-Length: 15\r\n\r\n{"token": "t"}',
            errors.ConnectionFailed,
        ),
        (b"HTTP/1.1 201 Created\r\n\r\n" + b" " * 1_100_000, errors.ConnectionFailed),
        (b"SSH-2.0\r\n", errors.ConnectionFailed),
        (b"", errors.ConnectionFailed),
    ],
    ids=[
        "a-list",
        "no-token",
        "a-gateway",
        "cut-off",
        "cut-off-later",
        "endless",
        "no-http",
        "nothing",
    ],
)
async def test_what_is_no_hub_is_told_apart(answer, error):
    async with answering(answer) as url:
        with pytest.raises(error) as told:
            await away(ChannelService(url, "key").create_channel, "ada")
    assert isinstance(told.value, channel_api.Error)


async def test_a_redirect_is_not_followed_and_its_origin_is_told():
    head = b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: "
    async with answering(head + b"https://x:y@push.example:8443/v1/channels?q\r\n\r\n") as url:
        with pytest.raises(errors.Refused) as told:
            await away(ChannelService(url, "key").create_channel, "ada")
    assert f"{url} sends its clients to https://push.example:8443; give" in str(told.value)
    async with answering(head + b"/elsewhere\r\n\r\n") as url:
        with pytest.raises(errors.Refused, match="answered 301"):
            await away(ChannelService(url, "key").create_channel, "ada")


@contextlib.asynccontextmanager
async def answering(answer):
    """A server that gives this answer to a JSON object, and closes."""

    async def serve(reader, writer):
        await reader.readuntil(b"}")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


# ---- a hub in this process --------------------------------------------------------------------


async def test_on_the_hubs_own_loop_nothing_waits_and_other_threads_may_call():
    hub = Hub(keys=TokenKeys.fresh())
    heard = []
    told = []

    async def hook(token, grant, wanted):
        told.append(grant.client_id)

    hub.on_grant(hook)
    service = LocalChannelService(hub)
    token = service.create_channel("ada", 5)
    feed = hub.tail("ada", None, lambda entries: heard.extend(e.data for e in entries) or True)
    feed.start()
    service.send_message("ada", "here")
    service.send_message(token, "by token")
    assert heard == ["here", "by token"]
    assert hub.verify(token).expires_at == pytest.approx(time.time() + 300, abs=PATIENCE_S)
    assert told == []
    await hub.welcome(token)  # as who wants to go to a broker must
    assert told == ["ada"]
    await away(service.send_message, await away(service.create_channel, "ada"), "from elsewhere")
    assert heard[2:] == ["from elsewhere"]
    with pytest.raises(channel_api.InvalidMessageError):
        await away(service.send_message, "ada", "")
    impatient = LocalChannelService(hub, timeout_s=0.05)
    thread_told = []

    def call():
        try:
            impatient.send_message("ada", "too late")
        except channel_api.HubUnreachable as error:
            thread_told.append(str(error))

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()  # the loop does nothing meanwhile
    await asyncio.sleep(0)
    assert len(thread_told) == 1
    assert "too late" not in heard


def test_a_loop_that_has_ended_is_told():
    async def begin():
        return LocalChannelService(Hub(keys=TokenKeys.fresh()))

    service = asyncio.run(begin())
    with pytest.raises(channel_api.HubUnreachable, match="does not run any more"):
        service.send_message("ada", "text")


# ---- which hub it is --------------------------------------------------------------------------


@pytest.fixture
def nothing_chosen(monkeypatch):
    for name in "PUSHLAB_HUB", "PUSHLAB_API_KEY":
        monkeypatch.delenv(name, raising=False)
    channel_api.use(None)
    yield monkeypatch
    channel_api.use(None)


async def test_the_functions_speak_to_the_hub_of_the_environment(nothing_chosen):
    with pytest.raises(channel_api.NotConfigured, match="set PUSHLAB_API_KEY"):
        channel_api.create_channel("ada")
    nothing_chosen.setenv("PUSHLAB_API_KEY", "key")
    assert ChannelService().url == "http://127.0.0.1:8000"
    async with at_a_url() as (hub, _):
        nothing_chosen.setenv("PUSHLAB_HUB", hub.url)
        nothing_chosen.setenv("PUSHLAB_API_KEY", hub.key)
        token = await away(channel_api.create_channel, "ada", 10)
        _, cursor = await read(hub, token, "")
        await away(channel_api.send_message, "ada", "hello")
        assert (await read(hub, token, cursor))[0] == ["hello"]
        channel_api.use(None)  # closes nothing that others may use


def test_the_functions_speak_to_the_service_that_was_chosen(nothing_chosen):
    chosen = Deaf()
    channel_api.use(chosen)
    assert channel_api.create_channel("ada") == "token"
    channel_api.send_message("ada", "text")
    assert chosen.passed == [("ada", None), ("ada", "text")]


@pytest.mark.parametrize("url", ["ftp://host", "localhost:8000", "http://", "http://host:port"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(errors.UsageError):
        ChannelService(url, "key")


@pytest.mark.parametrize("key", ["two\nlines", "schlüssel"])
def test_a_key_that_fits_no_header_is_refused(key):
    with pytest.raises(errors.UsageError, match="printable") as told:
        ChannelService("http://127.0.0.1:1", key)
    assert key not in str(told.value)
