"""The server half of MQTT: a bridge between the hub and a broker. `mqtt.py` has the conversation.

The bridge forwards channels to their live topics, answers sessions on their inboxes, tells the hub
who is there, and ends log-ins when their tokens expire.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.cursor import Cursor
from pushlab.contract.frames import encode_bye, encode_frame, encode_gap
from pushlab.contract.hits import Hit
from pushlab.contract.reasons import INVALID_CURSOR, SERVER_RESTART
from pushlab.contract.serving import Hub, NotYet, Page
from pushlab.contract.tokens import Grant
from pushlab.contract.turns import Deposed
from pushlab.errors import BrokerUnavailable, InvalidCursor, Refused
from pushlab.transports import _mqtt_names as names
from pushlab.transports._mqtt_asked_logins import AskedLogins
from pushlab.transports._mqtt_connection import BridgeConnection
from pushlab.transports._mqtt_counts import SYS_TOPIC, Counts
from pushlab.transports._mqtt_file_logins import FileLogins
from pushlab.transports._mqtt_forward import Forwards, frame_of
from pushlab.transports._mqtt_logins import Logins
from pushlab.transports._mqtt_patience import Patience
from pushlab.transports._mqtt_plug_in_logins import RESPONSES, PlugInLogins

__all__ = ["Bridge"]

_MAX_REQUEST_BYTES = 16 * 1024
_GOODBYE_S = 2.0  # how long the end of a log-in, or of the bridge, waits for its goodbyes
_RESTARTED = encode_bye(*SERVER_RESTART.ending).encode()


@dataclass(slots=True, eq=False)
class _Admission:
    """One grant that may log in, until the hub says that it counts no more.

    Attributes:
        token: empty for one that an earlier bridge let in.
        sessions: to the QoS that each asked for.
    """

    token: str
    grant: Grant
    over: Callable[["_Admission", str, int], None]
    sessions: dict[str, int] = field(default_factory=dict)

    def finish(self, reason: str, status: int) -> None:
        """The token has expired or is revoked."""
        self.over(self, reason, status)


class Bridge:
    """Between one hub and one broker.

    Args:
        hub: whose channels it forwards.
        access: the broker.
    """

    def __init__(self, hub: Hub, access: BrokerAccess) -> None:
        self._hub = hub
        topics = [(names.OUTBOX + "+", 1)]
        if access.kind == "embedded":
            topics += [(names.COUNTS_TOPIC, 1), (names.LOGIN_TOPIC, 1)]
        else:
            topics.append((SYS_TOPIC, 0))
            if access.folder is None:
                topics.append((RESPONSES, 1))
        self._link = BridgeConnection(
            access,
            topics=topics,
            will=(names.BRIDGE_TOPIC, _RESTARTED),
            on_message=self._on_message,
            on_up=self._on_up,
            on_down=self._on_down,
            on_room=self._on_room,
        )
        self._logins = self._logins_at(access)
        self._asked = self._logins if isinstance(self._logins, AskedLogins) else None
        self._forwards = Forwards(hub, self._link)
        self._counts = Counts(hub, self._link, access.kind)
        self._admissions: dict[str, _Admission] = {}
        self._sessions: dict[str, _Admission] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}  # whose answers have to be fetched
        self._ended: dict[str, Grant] = {}  # those that ended while no broker could be told
        self._patience = Patience()
        self._room = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def _logins_at(self, access: BrokerAccess) -> Logins:
        if access.kind == "embedded":
            return AskedLogins(lambda said: self._link.send(names.GRANTS_TOPIC, said, qos=1))
        if access.folder is not None:
            return FileLogins(access.folder, lambda: self._link.deliver(names.NOBODYS_TOPIC, b""))
        return PlugInLogins(lambda commands: self._link.send(names.CONTROL, commands, qos=1))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Bridge while the body runs.

        Raises:
            BrokerUnavailable: the broker cannot be reached, or does not let the bridge in.
        """
        async with self._link.running():
            undo = self._hub.on_grant(self._on_grant)
            deposed = False
            try:
                yield
            except Deposed:  # the bridge of another hub tells everyone
                deposed = True
                raise
            finally:
                undo()
                self._forwards.close()
                if not deposed:
                    with contextlib.suppress(TimeoutError):
                        farewell = self._link.deliver(names.BRIDGE_TOPIC, _RESTARTED)
                        await asyncio.wait_for(farewell, _GOODBYE_S)
                for session in list(self._sessions):
                    self._leave(session)
                for admission in self._admissions.values():
                    self._hub.let_go(admission.grant, admission)
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)
                self._logins.close()

    # ---- the broker comes and goes ----------------------------------------------------------

    async def _on_up(self) -> None:
        try:
            fresh, left = await asyncio.wait_for(self._logins.prepare(), _GOODBYE_S * 5)
        except TimeoutError as error:
            raise BrokerUnavailable("the broker has no dynamic-security plug-in") from error
        except OSError as error:
            raise BrokerUnavailable(f"the broker's files cannot be read: {error}") from error
        ended, self._ended = self._ended, {}
        for grant in left:
            if grant.grant_id in ended or not self._hub.counts(grant):
                ended[grant.grant_id] = grant
            else:
                self._admit("", grant)
        await asyncio.gather(*(self._cut_off(grant) for grant in ended.values()))
        known = [admission for admission in self._admissions.values() if admission.token]
        await asyncio.gather(*(self._logins.add(each.token, each.grant) for each in known))
        self._counts.new_broker(fresh=fresh)
        await self._link.deliver(names.BRIDGE_TOPIC, _RESTARTED)  # to whoever knew another bridge
        self._forwards.up()

    def _on_down(self) -> None:
        self._logins.reset()
        self._forwards.down()
        for task in self._asking.values():
            task.cancel()
        self._asking.clear()
        for session in list(self._sessions):
            self._leave(session)

    def _on_room(self) -> None:
        self._forwards.room()
        self._room.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # ---- grants -----------------------------------------------------------------------------

    async def _on_grant(self, token: str, grant: Grant, wanted: bool) -> None:
        if self._asked is None:
            self._admit(token, grant)
            if self._link.up:
                made = self._logins.add(token, grant)
                await (asyncio.shield(made) if wanted else self._patience.wait(made))

    def _on_login(self, payload: bytes) -> None:
        """The embedded broker asks whose token somebody came with."""
        assert self._asked is not None
        question = json.loads(payload)
        grant: Grant | None = None
        with contextlib.suppress(Refused):
            grant = self._hub.verify(question["token"])
            self._admit(question["token"], grant)
        self._asked.answer(question["number"], grant)

    def _admit(self, token: str, grant: Grant) -> _Admission:
        admission = self._admissions.get(grant.grant_id)
        if admission is None:
            admission = self._admissions[grant.grant_id] = _Admission(token, grant, self._over)
            self._forwards.use(grant.channel)
            self._hub.hold(grant, admission)
        elif not admission.token:
            admission.token = token
        return admission

    def _over(self, admission: _Admission, reason: str, status: int) -> None:
        self._spawn(self._end(admission, encode_bye(reason, status).encode()))

    async def _end(self, admission: _Admission, bye: bytes) -> None:
        """The token counts no more: say so, then cut off."""
        grant = admission.grant
        goodbyes = [
            self._link.deliver(names.INBOX + session, bye) for session in admission.sessions
        ]
        for session in list(admission.sessions):
            self._leave(session)
        del self._admissions[grant.grant_id]
        self._forwards.disuse(grant.channel)
        if goodbyes:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(*goodbyes), _GOODBYE_S)
        if self._link.up:
            await self._cut_off(grant)
        else:
            self._ended[grant.grant_id] = grant

    async def _cut_off(self, grant: Grant) -> None:
        await self._logins.remove(names.username_of(grant.client_id, grant.grant_id))

    # ---- sessions ---------------------------------------------------------------------------

    def _on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        if topic.startswith(names.OUTBOX):
            session = topic[len(names.OUTBOX) :]
            if names.is_session(session) and len(payload) <= _MAX_REQUEST_BYTES:
                with contextlib.suppress(UnicodeDecodeError, json.JSONDecodeError):
                    request = json.loads(payload)
                    if isinstance(request, dict):
                        self._on_request(session, request)
        elif topic == names.COUNTS_TOPIC:
            self._counts.told(payload)
        elif topic == names.LOGIN_TOPIC:
            self._on_login(payload)
        elif topic == RESPONSES:
            self._logins.answered(payload)
        elif topic == SYS_TOPIC:
            self._counts.total(payload, retained=retained)

    def _on_request(self, session: str, request: dict[str, Any]) -> None:
        if (waiting := self._asking.pop(session, None)) is not None:
            waiting.cancel()  # only what it asked last is answered
        if "leave" in request:
            if request["leave"] == "bye":
                self._counts.see(Hit.LEAVE)
                pings = request.get("pings", 0)
                self._counts.left(pings if isinstance(pings, int) else 0)
            self._leave(session)
            return
        if session not in self._sessions and request.get("ask") == "first":
            self._counts.connected(names.arrival(session))
        self._ask(session, request)

    def _ask(self, session: str, request: dict[str, Any]) -> None:
        ask, after, qos = request.get("ask"), request.get("after"), request.get("qos")
        arrival = names.arrival(session)
        try:
            grant = self._hub.verify(str(request.get("token")))
            try:
                cursor = None if after is None else Cursor.parse(str(after))
            except InvalidCursor as error:
                raise INVALID_CURSOR(str(error)) from error
            page = self._hub.read(grant, cursor)
        except Refused as refusal:
            self._refuse(session, refusal)
            return
        except NotYet as wait:
            task = self._spawn(self._ask_later(session, request, wait))
            self._asking[session] = task
            return
        self._counts.see(names.ASK_HITS.get(str(ask), arrival))
        if session not in self._sessions:
            admission = self._admit(str(request["token"]), grant)
            quality = qos if qos in (0, 1, 2) else 1
            admission.sessions[session] = quality
            self._sessions[session] = admission
            self._forwards.joined(grant.channel, quality, 1)
            self._hub.join(grant)
        self._forwards.open(grant.channel, page.cursor)
        self._answer(session, grant, page, begins=ask == "first")

    async def _ask_later(self, session: str, request: dict[str, Any], wait: NotYet) -> None:
        """The same question, once it can be answered."""
        try:
            await wait.ready()
        except Refused as refusal:
            del self._asking[session]
            self._refuse(session, refusal)
        else:
            del self._asking[session]
            self._ask(session, request)

    def _refuse(self, session: str, refusal: Refused) -> None:
        self._counts.see(Hit.REFUSED)
        bye = encode_bye(refusal.reason, refusal.status).encode()
        self._link.send(names.INBOX + session, bye, qos=1)
        self._leave(session)

    def _leave(self, session: str) -> None:
        admission = self._sessions.pop(session, None)
        if admission is not None:
            qos = admission.sessions.pop(session)
            self._forwards.joined(admission.grant.channel, qos, -1)
            self._hub.leave(admission.grant)

    def _answer(self, session: str, grant: Grant, page: Page, *, begins: bool) -> None:
        """Send what the log has behind the cursor, and where live messages go on."""
        inbox, send = names.INBOX + session, self._link.send
        at = page.position
        if page.gap_after is not None:
            send(inbox, encode_gap(page.gap_after, at).encode(), qos=1)
        elif begins:
            send(inbox, encode_frame(at.epoch, at.seq, "").encode(), qos=1)
        for entry in page.entries:
            send(inbox, entry.form(frame_of), qos=1)
        if page.more:
            self._spawn(self._answer_more(session, grant, page.cursor))
        else:
            end = page.cursor
            send(inbox, encode_frame(end.epoch, end.seq, "").encode(), qos=1)

    async def _answer_more(self, session: str, grant: Grant, after: Cursor) -> None:
        while self._link.full:
            self._room.clear()
            await self._room.wait()
        while session in self._sessions:
            try:
                page = self._hub.read(grant, after)
            except NotYet as wait:
                with contextlib.suppress(Refused):  # it asks again by itself
                    await wait.ready()
                    continue
                return
            self._answer(session, grant, page, begins=False)
            return
