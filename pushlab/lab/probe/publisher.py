"""Publishes a probe's messages one by one, and keeps what the server answers to each."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pushlab.contract.subscriber import Endpoint
from pushlab.errors import ConnectionFailed, PushlabError, Refused
from pushlab.lab.probe.http_reading import Exchange, exchanges
from pushlab.lab.probe.recording import Recording, converse
from pushlab.systems.publishing import HttpPublishing
from pushlab.systems.stamp import STAMP_BYTES, make_stamp
from pushlab.systems.system import ServerApi

__all__ = ["ProbePublisher", "Published", "whole_answer"]

_SIZE = 2 * STAMP_BYTES


@dataclass(frozen=True, slots=True)
class Published:
    """A message that was published, or was to be.

    Attributes:
        number: on its channel.
        sent_ns, answered_ns: when it was sent, and answered.
        status: of the answer; 0: none, or it is not published by HTTP.
        said: why it was not taken; empty: it was.
        body: the first line of the answer's body.
        gone: whether the server takes no connection any more.
    """

    number: int
    sent_ns: int
    answered_ns: int
    status: int = 0
    said: str = ""
    body: str = ""
    gone: bool = False


class ProbePublisher:
    """Publishes to a probe's channels.

    Args:
        channels: their names, by number.
        key: of the stamps.
        within_s: how long an answer may take.

    Attributes:
        first: what became of the first message; None: there was none yet.
        refused: the first that was not taken; None: all were.
        took: whether the server took one.
    """

    def __init__(
        self, api: ServerApi, channels: Sequence[str], *, key: int, within_s: float
    ) -> None:
        self.first: Published | None = None
        self.refused: Published | None = None
        self.took = False
        self._api = api
        self._channels = channels
        self._key = key
        self._within_s = within_s
        self._heads = [0] * len(channels)

    async def publish(self, place: int, size: int = 0) -> Published:
        """Publish one to the channel of that number.

        Args:
            size: of one that may be refused for its size alone; 0: a usual one.
        """
        self._heads[place] = number = self._heads[place] + 1
        message = make_stamp(place, number, self._key).ljust(size or _SIZE, b"x")
        channel, publishing = self._channels[place], self._api.publishing
        if isinstance(publishing, HttpPublishing):
            done = await self._by_http(publishing, channel, number, message)
        else:
            done = await self._by_api(channel, number, message)
        self.first = self.first or done
        if done.said and not size:
            self.refused = self.refused or done
        self.took = self.took or not done.said
        return done

    async def _by_http(
        self, publishing: HttpPublishing, channel: str, number: int, message: bytes
    ) -> Published:
        head, tail = publishing.request(channel, len(message))
        request = head + message + tail
        sent_ns = time.monotonic_ns()
        try:
            recording = await converse(
                Endpoint.from_url(publishing.url),
                request,
                within_s=self._within_s,
                enough=whole_answer,
                authority=publishing.authority,
            )
        except ConnectionFailed as error:
            now_ns = time.monotonic_ns()
            return Published(number, sent_ns, now_ns, said=str(error), gone=True)
        answer = exchanges(recording)[0]
        said = _refusal(answer, recording, self._within_s)
        return Published(
            number,
            recording.sent[0][0],
            answer.ended_ns or time.monotonic_ns(),
            status=answer.status,
            said=said,
            body=answer.first_line,
            gone=bool(said) and not answer.status and not await self._listens(publishing),
        )

    async def _listens(self, publishing: HttpPublishing) -> bool:
        """Whether the server takes a connection."""
        try:
            await converse(
                Endpoint.from_url(publishing.url),
                b"",
                within_s=self._within_s,
                enough=lambda recording: True,
                authority=publishing.authority,
            )
        except ConnectionFailed:
            return False
        return True

    async def _by_api(self, channel: str, number: int, message: bytes) -> Published:
        """As the laboratory's own probes are published; it numbers them as this does."""
        sent_ns, said, gone, status = time.monotonic_ns(), "", False, 0
        try:
            async with asyncio.timeout(self._within_s):
                await self._api.publish(channel, message.decode())
        except Refused as error:
            said, status = str(error), error.status
        except (PushlabError, OSError) as error:  # a timeout is an OSError, too
            said, gone = str(error) or f"no answer within {self._within_s:g} s", True
        return Published(number, sent_ns, time.monotonic_ns(), status, said, gone=gone)

    async def paced(self, place: int, count: int, pause_s: float) -> list[Published]:
        """Publish several, with a pause after each."""
        found = []
        for _ in range(count):
            found.append(await self.publish(place))
            if found[-1].said:
                break
            await asyncio.sleep(pause_s)
        return found


def whole_answer(recording: Recording) -> bool:
    """Whether an exchange has ended."""
    with contextlib.suppress(IndexError):
        answer = exchanges(recording)[0]
        return bool(answer.ended_ns or answer.unreadable)
    return False


def _refusal(answer: Exchange, recording: Recording, within_s: float) -> str:
    """Why a message was not taken."""
    if answer.unreadable:
        return f"was answered by what is no HTTP ({answer.unreadable})"
    if not answer.status:
        if recording.ended_ns is not None:
            return "was not answered: the server closed the connection"
        return f"was not answered within {within_s:g} s"
    return "" if 200 <= answer.status < 300 else f"was answered {answer.status}"
