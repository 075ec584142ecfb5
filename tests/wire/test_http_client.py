"""Requests over sockets, against servers that answer as servers do, and as they should not."""

import asyncio
import contextlib

import pytest

from pushlab.errors import ConnectionFailed
from pushlab.wire.http1 import BadResponse, request_bytes
from pushlab.wire.http_client import connect_http, fetch

REQUEST = request_bytes("here", "GET", "/", headers={"Connection": "close"})


@contextlib.asynccontextmanager
async def answering(answer: bytes, *, hold: bool = False):
    """A server that says `answer` to whoever asks, and closes unless `hold`; its port."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if hold:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nok",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_an_answer_is_read_to_its_end(answer):
    async with answering(answer) as port:
        told = await fetch("127.0.0.1", port, REQUEST, within_s=5)
        assert (told.status, told.take()) == (200, b"ok")
        if b"1.0" in answer:  # what ends with its connection is not for one that is kept
            return
        connection = await connect_http(f"http://127.0.0.1:{port}")
        told = await connection.exchange(REQUEST)
        assert (told.status, told.body) == (200, b"ok")
        connection.close()


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", b"no\r\n"]
)
async def test_half_an_answer_is_none(answer):
    async with answering(answer) as port:
        if not answer.startswith(b"HTTP"):  # a body may end with its connection: then it is whole
            with pytest.raises(BadResponse):
                await fetch("127.0.0.1", port, REQUEST, within_s=5)
        connection = await connect_http(f"http://127.0.0.1:{port}")
        with pytest.raises(ConnectionFailed):
            await connection.exchange(REQUEST)


async def test_whoever_wants_the_status_alone_does_not_wait_for_the_body():
    async with answering(b"HTTP/1.1 202 Accepted\r\nContent-Length: 9\r\n\r\n", hold=True) as port:
        told = await fetch("127.0.0.1", port, REQUEST, within_s=5, head_only=True)
        assert told.status == 202
        with pytest.raises(TimeoutError):
            await fetch("127.0.0.1", port, REQUEST, within_s=0.2)
