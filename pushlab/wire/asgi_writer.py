"""Writing to a connection from outside its task, in the turn in which a message is published.

An ASGI ``send`` is a coroutine that, as long as the socket takes data, runs to its end without
waiting; `AsgiWriter` runs it by hand. Only when it waits for the socket does a task take it over,
and then the writer says that it is full.
"""

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from pushlab.contract.serving import Receive, Send

__all__ = ["AsgiWriter", "abort"]


def abort(receive: Receive) -> None:
    """Cut the connection without sending what is buffered.

    ASGI has no word for this, so the server's own transport is asked for; on a server that does
    not show one, nothing happens and its time-outs must do.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()


@types.coroutine
def _continue(coroutine: Coroutine[Any, Any, None], waiting_for: Any) -> Generator[Any, Any, None]:
    """Run on a coroutine that was started by hand and now waits."""
    try:
        while True:
            try:
                value = yield waiting_for
            except BaseException as error:
                waiting_for = coroutine.throw(error)
            else:
                waiting_for = coroutine.send(value)
    except StopIteration:
        return


class AsgiWriter:
    """Writes ASGI messages to one connection, now if the socket takes them.

    Args:
        send, receive: the connection's, as ASGI gives them.
        on_writable: called when a full writer has room again.

    Attributes:
        full: whether the last message still waits for the socket; `write` must wait too.
    """

    __slots__ = ("_last", "_linger", "_on_writable", "_receive", "_send", "_task", "full")

    def __init__(self, send: Send, receive: Receive, on_writable: Callable[[], None]) -> None:
        self._send = send
        self._receive = receive
        self._on_writable = on_writable
        self._task: asyncio.Task[None] | None = None
        self._last: dict[str, Any] | None = None
        self._linger: asyncio.TimerHandle | None = None
        self.full = False

    def write(self, message: dict[str, Any]) -> bool:
        """Send a message; False when the writer is now full, or the client has gone."""
        return self.run(self._send(message))

    def run(self, coroutine: Any) -> bool:
        """Run a coroutine that only sends; False as for `write`."""
        try:
            waiting_for = coroutine.send(None)
        except StopIteration:
            return True
        except Exception:  # the client has gone; `receive` tells the handler
            return False
        self.full = True
        self._task = asyncio.ensure_future(self._finish(coroutine, waiting_for))
        return False

    def finish(self, message: dict[str, Any], *, linger_s: float) -> None:
        """Send the last message, behind anything that still waits, or cut the connection then."""
        if self.full:
            self._last = message
        else:
            self.write(message)
        if self.full:
            loop = asyncio.get_running_loop()
            self._linger = loop.call_later(linger_s, abort, self._receive)

    async def _finish(self, coroutine: Any, waiting_for: Any) -> None:
        try:
            await _continue(coroutine, waiting_for)
        except Exception:
            return  # the client has gone; `receive` tells the handler
        self.full = False
        self._task = None
        if self._last is not None:
            last, self._last = self._last, None
            self.write(last)
        else:
            self._on_writable()

    def close(self) -> None:
        """Stop what still waits."""
        if self._linger is not None:
            self._linger.cancel()
        if self._task is not None:
            self._task.cancel()
