"""Presence told to an application by form POSTs, as App Engine's Channel API did it.

``POST <url>/_ah/channel/connected/`` (or ``disconnected/``) with ``from=<client ID>``, form
encoded, and ``channel=<channel>`` too where it is not the client ID. Any 2xx is success; 3xx and
4xx are refusals, which are counted and not repeated (408, 425 and 429 are): a handler that has done
its work redirects, and so does one that wants a login. Everything else is tried again for as long
as it is true, ``Retry-After`` honoured; see `pushlab.hub.presence.retries`.

Notices of one client on one channel are in order; those of different clients do not wait for each
other, nor do the application's two handlers: each has its own bounded number of requests at a time.
What happens while the application is away is drawn together (`pushlab.hub.presence.ledger`).

Each notice is signed, and names this life of the hub (`pushlab.contract.presence_signature`). After
a hub that was killed its clients are told of by nobody; an application sees another
``Pushlab-Hub`` then, or asks for the *reset*: a post to ``/_ah/channel/reset/`` with ``hub=<life>``
that comes before all others, and also when an application was away and answers again. It says that
nobody is there; those who are there are told of next, so the application need not have kept any.
"""

import asyncio
import contextlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable

from pushlab.hub.presence.ledger import Key, PresenceLedger
from pushlab.hub.presence.presence import Presence, PresenceEvent
from pushlab.hub.presence.retries import Retries
from pushlab.hub.presence.target import Outcome, PresenceTarget

__all__ = ["PresencePoster"]

_AT_ONCE = 16
_RETRIES_AT_ONCE = 4
_LONGEST_RESET_PAUSE_S = 5.0


class _Handler:
    """One of the application's two handlers: what waits for it."""

    def __init__(self, connected: bool, first_pause_s: float) -> None:
        self.connected = connected
        self.what = "connected" if connected else "disconnected"
        self._first_pause_s = first_pause_s
        self.given_up = False  # it has answered nobody as it should, for long
        self.running = 0
        self.timer: asyncio.TimerHandle | None = None
        self.forget_all()

    def done(self) -> None:
        """A first attempt has ended."""
        self.running -= 1

    def forget_all(self) -> None:
        """Nothing waits any more; what is under way has ended before."""
        self.ready: OrderedDict[Key, None] = OrderedDict()
        self.retries: Retries[Key] = Retries(self._first_pause_s, _RETRIES_AT_ONCE)


class PresencePoster:
    """Posts presence to an application.

    Args:
        url: of the application, ``http`` or ``https``, perhaps with ``user:password@`` and a path.
        key: signs the notices.
        resets: whether to begin with a reset, and again when the application was away.
        first_pause_s: before a notice that failed is told again.
        broken_after_s: a handler that answers nobody as it should for so long is broken; see
            `pushlab.hub.presence.ledger`.

    Attributes:
        hub: names this life of the hub.
        posts: outcome to count: ``told``, ``refused`` and ``failed`` (and tried again).

    Raises:
        UsageError: `url` is not such a URL.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str,
        resets: bool = False,
        first_pause_s: float = 0.2,
        broken_after_s: float = 10.0,
    ) -> None:
        self.hub = secrets.token_hex(16)
        self._target = PresenceTarget(url, key=key, hub=self.hub)
        self._present: Callable[[], Iterable[Key]] = tuple
        self._on_heard: Callable[[Key, bool | None], None] = _nobody_asks
        self._on_reset: Callable[[], None] = _nobody_asks
        self._superseded = 0  # before this term
        self._resets = resets
        self._reset_first = True
        self._held = resets
        self._back = asyncio.Event()
        self._first_pause_s = first_pause_s
        self._broken_after_s = broken_after_s
        self._ledger = PresenceLedger()
        self._handlers = {told: _Handler(told, first_pause_s) for told in (True, False)}
        self._tasks: set[asyncio.Task[None]] = set()
        self._running = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.posts = {"told": 0, "refused": 0, "failed": 0}

    def watch(self, presence: Presence) -> None:
        """Tell of this."""
        self._present = presence.pairs
        presence.listen(self)

    def figures(self) -> dict[str, int]:
        """Posts by outcome, changes that later ones undid, and clients with something to tell."""
        superseded = self._superseded + self._ledger.superseded
        return {**self.posts, "superseded": superseded, "waiting": len(self._ledger)}

    # ---- terms: several hubs tell one application, one after another --------------------------

    def tell_of(
        self,
        present: Callable[[], Iterable[Key]],
        *,
        heard: Callable[[Key, bool | None], None],
        forgot: Callable[[], None],
    ) -> None:
        """Tell of this, of which each change comes by a call.

        Args:
            present: gives those who are there.
            heard: is told of each client that was told of as connected, or not, or of whom there is
                nothing to be told (None).
            forgot: is told that the application has heard a reset.
        """
        self._present, self._on_heard, self._on_reset = present, heard, forgot

    def begin(self, hub: str, told: Iterable[Key], *, reset: bool) -> None:
        """Begin a term, before `run`.

        Args:
            hub: names the life of all hubs.
            told: those of whom the application knows that they are there.
            reset: whether to begin with one, where there are any.
        """
        self.hub = self._target.hub = hub
        self._superseded += self._ledger.superseded
        self._ledger = PresenceLedger()
        self._ledger.told = set(told)
        for handler in self._handlers.values():
            handler.forget_all()
        self._reset_first = reset
        self._held = self._resets and reset
        self._look_around()

    def make_up(self) -> None:
        """Tell of whoever is there or not there, and the application does not know it."""
        for key in self._ledger.reconcile(self._present()):
            self._make_ready(key)
        self._look_around()

    @property
    def told(self) -> set[Key]:
        """Those of whom the application was last told that they are there."""
        return self._ledger.told

    @property
    def overflown(self) -> bool:
        """Whether changes were passed over for now, as too many waited."""
        return self._ledger.overflown

    @property
    def idle(self) -> bool:
        """Whether all is told."""
        return self._idle.is_set()

    def left(self, key: Key) -> int:
        """How many notices of a client are still to be told."""
        return self._ledger.left(key)

    async def rest(self, limit_s: float) -> None:
        """Begin no more posts, and wait for those under way, no longer than so many seconds."""
        self._held = True
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=limit_s)

    def __call__(self, event: PresenceEvent) -> None:
        """Take an event for posting."""
        key = (event.channel, event.client_id)
        if self._ledger.note(key, event.connected):
            self._make_ready(key)
        elif key not in self._ledger:
            self._forget(key)
        self._look_around()

    async def drain(self, limit_s: float) -> None:
        """Wait until everything is told, but no longer than `limit_s` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._idle.wait()

    async def run(self) -> None:
        """Post until cancelled."""
        self._running = True
        try:
            while True:
                if self._resets and self._reset_first:
                    await self._begin_anew()
                self._reset_first = True
                for handler in self._handlers.values():
                    self._start(handler)
                await self._back.wait()  # never set where there are no resets
        finally:
            self._running = False
            for handler in self._handlers.values():
                if handler.timer is not None:
                    handler.timer.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _begin_anew(self) -> None:
        """Tell that nobody is there, until that is heard, and then of all who are."""
        self._held = True
        while self._tasks:  # what is under way belongs to the time before
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._back.clear()  # and so does what it heard
        pause_s = self._first_pause_s
        while not (outcome := await self._target.tell("reset", {"hub": self.hub})).heard:
            self._count(outcome)
            await asyncio.sleep(max(pause_s, outcome.retry_after_s))
            pause_s = min(2 * pause_s, _LONGEST_RESET_PAUSE_S)
        self._count(outcome)
        self._held = False
        for handler in self._handlers.values():
            handler.forget_all()
        for key in self._ledger.reconcile(self._present(), anew=True):
            self._make_ready(key)
        self._look_around()
        self._on_reset()

    # ---- one client's notices -----------------------------------------------------------------

    def _make_ready(self, key: Key) -> None:
        """Queue the client's next notice at its handler, and only there."""
        self._forget(key)
        connected = self._ledger.next(key)
        if connected is not None:
            handler = self._handlers[connected]
            handler.ready[key] = None
            self._start(handler)

    def _forget(self, key: Key) -> None:
        for handler in self._handlers.values():
            handler.ready.pop(key, None)
            handler.retries.forget(key)

    async def _tell(self, handler: _Handler, key: Key) -> None:
        channel, client_id = key
        form = {"from": client_id}
        if channel != client_id:
            form["channel"] = channel
        outcome = await self._target.tell(handler.what, form)
        self._count(outcome)
        if outcome.heard:
            if handler.retries.down and self._resets:
                self._back.set()  # it has been away, and may have lost what it knew
            handler.retries.answered(key)
            handler.given_up = False
            if self._ledger.settle(key):
                self._make_ready(key)
            self._look_around()
            self._on_heard(key, handler.connected)
            return
        now_s = asyncio.get_running_loop().time()
        handler.retries.failed(key, now_s, outcome.retry_after_s)
        broken = outcome.status != 0 and handler.retries.down_for_s(now_s) >= self._broken_after_s
        if not self._ledger.fail(key, doubtful=outcome.doubtful, broken=broken):
            self._forget(key)
            self._look_around()
            self._on_heard(key, None)
        elif self._ledger.next(key) != handler.connected:
            self._make_ready(key)
        if broken and handler.connected and not handler.given_up:
            for each in self._ledger.give_up():
                self._make_ready(each)
        handler.given_up = broken

    def _count(self, outcome: Outcome) -> None:
        kind = "refused" if outcome.refused else "told" if outcome.heard else "failed"
        self.posts[kind] += 1

    # ---- so many at a time --------------------------------------------------------------------

    def _start(self, handler: _Handler) -> None:
        """Begin what may begin now, and be woken for the rest."""
        if self._held or not self._running:
            return
        while handler.ready and handler.running < _AT_ONCE:
            key, _ = handler.ready.popitem(last=False)
            if self._ledger.next(key) == handler.connected:
                handler.running += 1
                self._spawn(handler, key, handler.done)
        loop = asyncio.get_running_loop()
        for key in handler.retries.due(loop.time()):
            if self._ledger.next(key) == handler.connected:
                self._spawn(handler, key, handler.retries.done)
            else:
                handler.retries.done()
        if handler.timer is not None:
            handler.timer.cancel()
        next_s = handler.retries.next_s()
        handler.timer = None if next_s is None else loop.call_at(next_s, self._start, handler)

    def _spawn(self, handler: _Handler, key: Key, done: Callable[[], None]) -> None:
        self._ledger.begin(key)
        task = asyncio.ensure_future(self._post(handler, key, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post(self, handler: _Handler, key: Key, done: Callable[[], None]) -> None:
        try:
            await self._tell(handler, key)
        finally:
            done()
            self._start(handler)
            self._look_around()

    def _look_around(self) -> None:
        """Make up for what did not fit, once there is room; see whether all is told."""
        if self._ledger.overflown and self._ledger.roomy:
            for key in self._ledger.reconcile(self._present()):
                self._make_ready(key)
        if len(self._ledger) or self._ledger.overflown:
            self._idle.clear()
        else:
            self._idle.set()


def _nobody_asks(*_: object) -> None:
    """Of a hub alone: what the application has heard dies with it."""
