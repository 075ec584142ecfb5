"""A TCP proxy that cuts connections behind any byte of what the server sends."""

import asyncio
import contextlib
import socket
import struct
from random import Random

__all__ = ["CuttingProxy"]

_RESET = struct.pack("ii", 1, 0)
_LEAST, _MOST = 100, 5_000


class CuttingProxy:
    """Between clients and 127.0.0.1:`port`; use it as an async context manager.

    While it is `sharp`, each connection is cut behind so many bytes, every other one by a reset; in
    all it cuts `cuts_left` times.

    Attributes:
        port: where it listens, on 127.0.0.1.
        cuts: how often it has cut.
    """

    def __init__(self, port: int, *, seed: int, cuts: int) -> None:
        self._target = port
        self._rng = Random(seed)
        self._left = cuts
        self._lines: set[asyncio.Task[None]] = set()
        self.cuts = 0
        self.sharp = False
        self.port = 0

    async def __aenter__(self) -> "CuttingProxy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._server.close()
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.create_task(self._serve(reader, writer))
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        up = asyncio.create_task(self._carry(reader, far_writer))
        room = self._rng.randrange(_LEAST, _MOST)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while data := await far_reader.read(65_536):
                if self.sharp and self._left > 0:
                    if len(data) >= room:
                        writer.write(data[:room])
                        await writer.drain()
                        self._cut(writer)
                        break
                    room -= len(data)
                writer.write(data)
                await writer.drain()
        up.cancel()
        for one in (writer, far_writer):
            one.close()

    def _cut(self, writer: asyncio.StreamWriter) -> None:
        self._left -= 1
        self.cuts += 1
        if self.cuts % 2 == 0:
            line: socket.socket = writer.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    @staticmethod
    async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
            writer.write_eof()
