"""Transports that break the contract, each in one way, for the suite to catch."""

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Gap, Message
from pushlab.contract.serving import Entry, Feed, Hub, Page, Route
from pushlab.contract.tokens import Grant
from pushlab.errors import Refused
from pushlab.testing.null import Null, NullReader
from pushlab.transports.sse import ServerSentEvents


class BrokenReader(Null):
    """A null transport whose client half is `SuiteReader`."""

    SuiteReader: type[NullReader] = NullReader

    def messages(self, endpoint: Any, token: str, *, cursor: Cursor | None = None) -> NullReader:
        return self.SuiteReader(self, f"http://{endpoint.authority}", token, cursor)


class HubProxy:
    """A hub as a broken server half sees it: everything passes, but what a subclass changes."""

    def __init__(self, hub: Any) -> None:
        self._hub = hub

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hub, name)


class BrokenServer(Null):
    """A null transport whose server half speaks to the hub through `Proxy`."""

    Proxy: type[HubProxy] = HubProxy

    @contextlib.asynccontextmanager
    async def background(self, hub: Hub) -> AsyncIterator[None]:
        proxy: Any = self.Proxy(hub)
        async with super().background(proxy):
            yield


# ---- broken client halves ----------------------------------------------------------------------


class DropsEveryTenth(BrokenReader):
    class SuiteReader(NullReader):
        def _write(self, entries: Sequence[Entry]) -> bool:
            kept = [entry for entry in entries if entry.seq % 10]
            return super()._write(kept) if kept else True

        def _take(self, entries: Sequence[Entry]) -> None:
            for entry in entries:  # and it does not tell of the hole
                self._events.append(Message(entry.epoch, entry.seq, entry.data))
            if self._blocked and self._feed is not None:
                self._blocked = False
                self._feed.resume()


class DeliversTwice(BrokenReader):
    class SuiteReader(NullReader):
        def _take(self, entries: Sequence[Entry]) -> None:
            super()._take(entries)
            if entries[-1].seq % 7 == 0:
                last = entries[-1]
                self._events.append(Message(last.epoch, last.seq, last.data))


class Reorders(BrokenReader):
    class SuiteReader(NullReader):
        def _take(self, entries: Sequence[Entry]) -> None:
            if self._waiting:  # two pieces wait, and the later one is taken first
                entries = [*self._waiting.popleft(), *entries]
            for entry in entries:
                self._events.append(Message(entry.epoch, entry.seq, entry.data))
            if self._blocked and self._feed is not None and not self._waiting:
                self._blocked = False
                self._feed.resume()


class _RewritingReader(NullReader):
    """Hands on another text than came."""

    def _rewritten(self, text: str) -> str:
        raise NotImplementedError

    def _take(self, entries: Sequence[Entry]) -> None:
        at = len(self._events)
        super()._take(entries)
        for index in range(at, len(self._events)):
            event = self._events[index]
            if isinstance(event, Message):
                text = self._rewritten(event.data)
                self._events[index] = Message(event.epoch, event.seq, text)


class StripsSpaces(BrokenReader):
    class SuiteReader(_RewritingReader):
        def _rewritten(self, text: str) -> str:
            return text.strip()


class MovesLineEnds(BrokenReader):
    class SuiteReader(_RewritingReader):
        def _rewritten(self, text: str) -> str:
            return text.replace("\r\n", "\n")


class HidesGaps(BrokenReader):
    class SuiteReader(NullReader):
        async def __anext__(self) -> Any:
            while isinstance(event := await super().__anext__(), Gap):
                pass
            return event


class CountsGapsWrongly(BrokenReader):
    class SuiteReader(NullReader):
        async def __anext__(self) -> Any:
            event = await super().__anext__()
            if isinstance(event, Gap) and event.missed:
                return Gap(event.after, Cursor(event.resumed.epoch, event.resumed.seq + 1))
            return event


class CloseHangs(BrokenReader):
    class SuiteReader(NullReader):
        async def aclose(self) -> None:
            await super().aclose()
            await asyncio.sleep(3)


class GivesUpOnALoss(BrokenReader):
    class SuiteReader(NullReader):
        def _lose(self, reason: str, status: int) -> None:
            super()._lose(reason, 401 if status == 503 else status)


class SilentWhenNobodyServes(BrokenReader):
    class SuiteReader(NullReader):
        async def __anext__(self) -> Any:
            while True:
                event = await super().__anext__()
                if type(event).__name__ != "Disconnected":
                    return event


# ---- broken server halves ----------------------------------------------------------------------


class IgnoresTheCursor(BrokenServer):
    class Proxy(HubProxy):
        def subscribe(self, grant: Grant, after: Cursor | None, **rest: Any) -> Feed:
            return self._hub.subscribe(grant, None, **rest)


class ReplaysOneTooFew(BrokenServer):
    class Proxy(HubProxy):
        def subscribe(self, grant: Grant, after: Cursor | None, **rest: Any) -> Feed:
            if after is not None and after.seq < self._hub.channel(grant.channel).head:
                after = Cursor(after.epoch, after.seq + 1)
            return self._hub.subscribe(grant, after, **rest)


class HasAHoleAtTheHandover(BrokenServer):
    """It reads what is retained, waits a moment, and only then listens to what is new."""

    class Proxy(HubProxy):
        def subscribe(self, grant: Grant, after: Cursor | None, **rest: Any) -> Any:
            return _LateFeed(self._hub, grant, after, rest)


class _LateFeed:
    def __init__(self, hub: Any, grant: Grant, after: Cursor | None, rest: Any) -> None:
        self._hub, self._grant, self._rest = hub, grant, rest
        self._page: Page = hub.read(grant, after)
        self._feed: Feed | None = None
        self._closed = False
        self.position, self.gap_after = self._page.position, self._page.gap_after

    def start(self) -> None:
        if self._page.entries:
            self._rest["write"](self._page.entries)
        asyncio.get_running_loop().call_later(0.01, self._go_live)

    def _go_live(self) -> None:
        if not self._closed:
            self._feed = self._hub.subscribe(self._grant, None, **self._rest)
            self._feed.start()

    def resume(self) -> None:
        if self._feed is not None:
            self._feed.resume()

    def close(self) -> None:
        self._closed = True
        if self._feed is not None:
            self._feed.close()


class LeaksBetweenChannels(BrokenServer):
    """It files channels by their first letters, whatever their case."""

    class Proxy(HubProxy):
        def subscribe(self, grant: Grant, after: Cursor | None, **rest: Any) -> Feed:
            seen = rest["write"]
            feed = self._hub.subscribe(grant, after, **rest)
            for name in list(self._hub._channels):
                if name != grant.channel and name.lower()[:6] == grant.channel.lower()[:6]:
                    self._hub.tail(name, None, seen).start()
            return feed


class IgnoresExpiry(BrokenServer):
    class Proxy(HubProxy):
        def verify(self, token: str) -> Grant:
            grant: Grant = self._hub.keys.verify(token, now=0.0)
            return Grant(grant.client_id, grant.channel, time.time() + 3_600, grant.grant_id)


class LetsOpenConnectionsOutliveTheirToken(BrokenServer):
    class Proxy(HubProxy):
        def verify(self, token: str) -> Grant:
            grant: Grant = self._hub.verify(token)
            return Grant(grant.client_id, grant.channel, time.time() + 3_600, grant.grant_id)


class AcceptsForgedTokens(BrokenServer):
    class Proxy(HubProxy):
        def verify(self, token: str) -> Grant:
            try:
                return self._hub.verify(token)
            except Refused as refusal:
                if refusal.reason != "token-invalid":
                    raise
            return Grant("eve", "anything", time.time() + 3_600, "forged")


class AcceptsRevokedKeys(BrokenServer):
    class Proxy(HubProxy):
        def verify(self, token: str) -> Grant:
            key_id = token.partition(".")[0]
            if key_id not in self._hub.keys.export():
                return Grant("ann", "anything", time.time() + 3_600, "revoked")
            return self._hub.verify(token)


class RemembersWhoWasLetIn(BrokenServer):
    """Of a client that has had a good token, it believes whatever the next one says."""

    class Proxy(HubProxy):
        def __init__(self, hub: Any) -> None:
            super().__init__(hub)
            self.known: set[str] = set()

        def verify(self, token: str) -> Grant:
            try:
                grant: Grant = self._hub.verify(token)
            except Refused as refusal:
                payload = token.split(".")[1]
                words = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
                grant = Grant(*json.loads(words))
                if refusal.reason != "token-invalid" or grant.client_id not in self.known:
                    raise
            self.known.add(grant.client_id)
            return grant


class RemembersWhatAClientMayRead(BrokenServer):
    """It reads a client's first good token, and takes that for what each later one says."""

    class Proxy(HubProxy):
        def __init__(self, hub: Any) -> None:
            super().__init__(hub)
            self.known: dict[str, Grant] = {}

        def verify(self, token: str) -> Grant:
            grant: Grant = self._hub.verify(token)
            return self.known.setdefault(grant.client_id, grant)


class ForgetsWhatIsRevoked(BrokenServer):
    class Proxy(HubProxy):
        def verify(self, token: str) -> Grant:
            grant: Grant = self._hub.keys.verify(token, now=time.time())
            return grant


class LetsOpenConnectionsOutliveARevocation(BrokenServer):
    """It opens each stream under a grant of its own making."""

    class Proxy(HubProxy):
        def subscribe(self, grant: Grant, after: Cursor | None, **rest: Any) -> Feed:
            mine = Grant(grant.client_id, grant.channel, grant.expires_at, "mine")
            return self._hub.subscribe(mine, after, **rest)


class ReadsTheSeqAloneOnceItHasDropped(BrokenServer):
    """Where its log has dropped messages, it takes a cursor of another log for one of its own."""

    class Proxy(HubProxy):
        def subscribe(self, grant: Grant, after: Cursor | None, **rest: Any) -> Feed:
            log = self._hub.channel(grant.channel)
            if after is not None and after.epoch != log.epoch and log.first > 1:
                after = Cursor(log.epoch, min(after.seq, log.head))
            return self._hub.subscribe(grant, after, **rest)


class TakesEveryEpochForItsOwn(BrokenServer):
    class Proxy(HubProxy):
        def subscribe(self, grant: Grant, after: Cursor | None, **rest: Any) -> Feed:
            log = self._hub.channel(grant.channel)
            if after is not None and after.epoch != log.epoch:
                after = Cursor(log.epoch, min(after.seq, log.head))
            return self._hub.subscribe(grant, after, **rest)


class TakesACursorAheadForTheNewest(BrokenServer):
    class Proxy(HubProxy):
        def subscribe(self, grant: Grant, after: Cursor | None, **rest: Any) -> Feed:
            log = self._hub.channel(grant.channel)
            if after is not None and after.epoch == log.epoch:
                after = Cursor(log.epoch, min(after.seq, log.head))
            return self._hub.subscribe(grant, after, **rest)


class PresenceNeverLeaves(BrokenServer):
    class Proxy(HubProxy):
        def subscribe(self, grant: Grant, after: Cursor | None, **rest: Any) -> Feed:
            self._hub.join(grant)
            return self._hub.subscribe(grant, after, **rest)


class PresenceForgetsTheClientId(BrokenServer):
    class Proxy(HubProxy):
        def subscribe(self, grant: Grant, after: Cursor | None, **rest: Any) -> Feed:
            named = Grant(grant.client_id.strip(), grant.channel, grant.expires_at, grant.grant_id)
            return self._hub.subscribe(named, after, **rest)


class HitsAreNotCounted(BrokenServer):
    class Proxy(HubProxy):
        def count(self, transport: str, kind: Any, n: int = 1) -> None:
            if str(kind) != "reconnect":
                self._hub.count(transport, kind, n)


class SlowReaderBlocksEveryone(BrokenServer):
    """One outgoing queue for all readers of a channel: when one is full, all wait."""

    class Proxy(HubProxy):
        def __init__(self, hub: Any) -> None:
            super().__init__(hub)
            self.stuck: set[str] = set()

        def subscribe(self, grant: Grant, after: Cursor | None, **rest: Any) -> Feed:
            write = rest.pop("write")

            def shared(entries: Sequence[Entry]) -> bool:
                room: bool = write(entries)
                if not room:
                    self.stuck.add(grant.channel)
                return room and grant.channel not in self.stuck

            return self._hub.subscribe(grant, after, write=shared, **rest)


class NeverCutsASlowReader(BrokenServer):
    """It takes everything that a reader does not, without a bound."""

    class Proxy(HubProxy):
        def subscribe(self, grant: Grant, after: Cursor | None, **rest: Any) -> Feed:
            write = rest.pop("write")

            def greedy(entries: Sequence[Entry]) -> bool:
                write(entries)
                return True

            return self._hub.subscribe(grant, after, write=greedy, **rest)


# ---- a broken wire, over a real hub --------------------------------------------------------------


class SseThatEndsItsDataAtALineEnd(ServerSentEvents):
    """Its server half forgets that a line end in a message begins another ``data:`` line."""

    name = "sse-broken"

    def routes(self, hub: Hub) -> Sequence[Route]:
        proxy: Any = _OneLine(hub)
        return super().routes(proxy)


class _OneLine(HubProxy):
    def subscribe(self, grant: Grant, after: Cursor | None, **rest: Any) -> Feed:
        write = rest.pop("write")

        def cut(entries: Sequence[Entry]) -> bool:
            return bool(
                write(
                    [
                        Entry(one.epoch, one.seq, one.data.split("\n")[0], one.size, 0)
                        for one in entries
                    ]
                )
            )

        return self._hub.subscribe(grant, after, write=cut, **rest)
