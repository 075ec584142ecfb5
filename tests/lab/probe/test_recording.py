import asyncio
import ssl

import pytest

from pushlab.contract.subscriber import Endpoint
from pushlab.errors import ConnectionFailed
from pushlab.lab.probe.recording import alpn_of, converse
from pushlab.systems.certificates import fresh_certificate
from tests.lab.probe.small_servers import serving
from tests.patience import PATIENCE_S


async def test_what_is_sent_and_received_has_its_moments():
    async with serving() as server:
        end = Endpoint.from_url(server.url)
        request = b"GET /nowhere HTTP/1.1\r\n\r\n"
        found = await converse(
            end, request, within_s=PATIENCE_S, enough=lambda so_far: bool(so_far.received)
        )
    ((sent_ns, sent),) = found.sent
    assert sent == request
    assert found.opened_ns <= sent_ns <= found.received[0][0]
    assert found.ended_ns is None


async def test_it_says_that_the_other_side_has_ended():
    async with serving(dies_after=0) as server:
        request = b"POST /publish/a HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
        found = await converse(Endpoint.from_url(server.url), request, within_s=PATIENCE_S)
    assert found.ended_ns is not None
    assert not found.received


async def test_an_encrypted_server_is_asked_which_http_it_chooses():
    with fresh_certificate() as certificate:
        context = certificate.server_context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        server = await asyncio.start_server(_say_nothing, "127.0.0.1", 0, ssl=context)
        async with server:
            port = server.sockets[0].getsockname()[1]
            end = Endpoint("127.0.0.1", port, tls=True)
            chosen = await alpn_of(end, within_s=PATIENCE_S, authority=certificate.authority)
            assert chosen == "h2"
            with pytest.raises(ConnectionFailed, match="not to be trusted"):
                await converse(end, b"", within_s=PATIENCE_S)


async def test_one_that_is_not_encrypted_is_said_to_be_none():
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        end = Endpoint("127.0.0.1", server.sockets[0].getsockname()[1], tls=True)
        with pytest.raises(ConnectionFailed, match="is it http, not https"):
            await converse(end, b"", within_s=PATIENCE_S)


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with pytest.raises((OSError, ssl.SSLError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
