"""What writes to a connection from outside its task."""

import asyncio

import pytest

from pushlab.wire.asgi_writer import AsgiWriter


class Socket:
    """An ASGI send that waits while it is paused, as a server's does."""

    def __init__(self):
        self.sent = []
        self.writable = asyncio.Event()
        self.writable.set()
        self.pause_after = None
        self.gone = False

    async def receive(self):
        raise AssertionError("a writer only writes")

    async def send(self, message):
        await self.writable.wait() if not self.writable.is_set() else None
        if self.gone:
            raise OSError("the client has gone")
        self.sent.append(message["n"])
        if self.pause_after is not None and len(self.sent) >= self.pause_after:
            self.writable.clear()
            self.pause_after = None


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
def socket():
    return Socket()


@pytest.fixture
def woken():
    return []


@pytest.fixture
def writer(socket, woken):
    writer = AsgiWriter(socket.send, socket.receive, lambda: woken.append(True))
    yield writer
    writer.close()


async def test_a_write_happens_in_the_same_turn(socket, writer, woken):
    assert writer.write({"n": 1})
    assert socket.sent == [1]
    assert not writer.full
    assert woken == []


async def test_a_write_that_waits_makes_it_full_and_is_finished_later(socket, writer, woken):
    socket.writable.clear()
    assert not writer.write({"n": 1})
    assert writer.full
    await turns()
    assert (socket.sent, woken) == ([], [])
    socket.writable.set()
    await turns()
    assert (socket.sent, woken, writer.full) == ([1], [True], False)
    assert writer.write({"n": 2})


async def test_several_messages_may_wait_in_their_midst(socket, writer, woken):
    async def send_all():
        for number in range(5):
            await socket.send({"n": number})

    socket.pause_after = 2
    assert not writer.run(send_all())
    assert socket.sent == [0, 1]
    socket.writable.set()
    await turns()
    assert socket.sent == [0, 1, 2, 3, 4]
    assert woken == [True]


async def test_the_last_message_comes_behind_what_waits_and_only_once(socket, writer, woken):
    socket.writable.clear()
    writer.write({"n": 1})
    writer.finish({"n": "last"}, linger_s=9)
    assert socket.sent == []
    socket.pause_after = 1  # the last one has to wait, too
    socket.writable.set()
    await turns()
    assert socket.sent == [1]
    socket.writable.set()
    await turns(10)
    assert socket.sent == [1, "last"]


async def test_the_last_message_goes_at_once_if_it_can(socket, writer):
    writer.finish({"n": "last"}, linger_s=9)
    assert socket.sent == ["last"]


async def test_a_client_that_has_gone_is_no_exception(socket, writer, woken):
    socket.gone = True
    assert not writer.write({"n": 1})
    socket.gone = False
    socket.writable.clear()
    writer.write({"n": 2})
    socket.gone = True
    socket.writable.set()
    await turns()
    assert (socket.sent, woken) == ([], [])


async def test_closing_drops_what_waits(socket, writer, woken):
    socket.writable.clear()
    writer.write({"n": 1})
    writer.close()
    socket.writable.set()
    await turns()
    assert (socket.sent, woken) == ([], [])
