"""A URL alone is known for what it is; nothing is published there."""

import asyncio

import pytest

from pushlab.lab.probe.address import AddressFound, probe_address
from tests.lab.probe.small_servers import SmallServer, serving
from tests.patience import PATIENCE_S


async def found_at(server: SmallServer, path: str, listen_s: float = 0.3) -> AddressFound:
    found = await probe_address(server.url + path, listen_s=listen_s, wait_s=PATIENCE_S)
    assert not any(request.startswith("POST") for request in server.requests)
    return found


async def test_an_event_stream_is_one():
    async with serving(keep_alive_s=0.05) as server:
        found = await probe_address(server.url + "/sse/a", listen_s=0.5, wait_s=0.5)
    assert found.kinds == ("event-stream",)
    assert found.silence is not None
    assert found.silence.kind == "comment"


async def test_json_that_tells_a_place_is_for_polls():
    async with serving() as server:
        found = await found_at(server, "/poll/a")
    assert found.kinds == ("json",)
    assert found.places == ["$.last"]
    assert found.shape == "JSON object: last, messages"


async def test_a_websocket_is_one_by_its_url_and_by_that_of_http():
    async with serving(keep_alive_s=0.05) as server:
        for url in (server.url, server.url.replace("http", "ws")):
            found = await probe_address(f"{url}/ws/a", listen_s=0.5, wait_s=0.5)
            assert found.kinds == ("frames",)
            assert found.silence is not None
            assert found.silence.kind == "ping"


@pytest.mark.parametrize(
    ("path", "trouble", "status"),
    [("/page", "html", 200), ("/nowhere", "refused", 404), ("/locked", "refused", 401)],
)
async def test_what_is_no_endpoint_is_said_to_be_none(path: str, trouble: str, status: int):
    async with serving() as server:
        found = await found_at(server, path)
    assert found.trouble == trouble
    assert found.answer is not None
    assert found.answer.status == status


async def test_a_server_that_never_answers_may_hold_its_polls():
    async with serving() as server:
        found = await probe_address(server.url + "/silent", listen_s=0.2, wait_s=0.2)
    assert (found.trouble, found.kinds) == ("no-answer", ("held",))


async def test_a_broker_is_one_at_a_url_of_http_too():
    async def broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (await reader.read(1000)).startswith(b"\x10"):
            writer.write(b"\x20\x02\x00\x05")
        writer.close()

    async with await asyncio.start_server(broker, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for scheme in ("mqtt", "http"):
            url = f"{scheme}://127.0.0.1:{port}"
            found = await probe_address(url, listen_s=0.2, wait_s=PATIENCE_S)
            assert (found.kinds, found.mqtt) == (("packets",), 5)


async def test_where_nobody_listens_it_says_so():
    async with serving() as server:
        pass
    found = await probe_address(server.url, listen_s=0.1, wait_s=PATIENCE_S)
    assert found.trouble == "no-connection"
    assert "nobody listens" in found.said
