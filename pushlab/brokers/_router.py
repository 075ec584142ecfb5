"""Who may log in to the embedded broker, who reads what, and what was sent.

Tokens are the hub's: the broker asks the bridge what each of them grants, and is told when that
ends. So keys, revocations and the clock are in one place.

A token's holder may subscribe to its own channel, to its own session's inbox and to the bridge's
word to all, and publish to its own session's outbox. Topics are looked up by name: there are no
wildcards but the bridge's own.
"""

import hmac
import json
import time
from typing import Protocol

from pushlab.brokers._session import Connection, Message, Session
from pushlab.contract.hits import Hit
from pushlab.contract.tokens import Grant, looks_like_token
from pushlab.transports import _mqtt_names as names
from pushlab.transports import _mqtt_server as packets

__all__ = ["Router"]

_GRACE_S = 0.5  # after a token's end, for the bridge's goodbye to arrive first
_MAX_KEPT = 10_000  # sessions without a connection
_MAX_KEEP_S = 3_600.0
_ANSWER_S = 5.0  # for the bridge to say whose token it is
_MAX_ASKING = 10_000
_MAX_KNOWN = 100_000
_LOGIN = names.LOGIN_TOPIC.encode()
_OUTBOX = names.OUTBOX.encode()
_FROM_BRIDGE = f"{names.OUTBOX}+".encode()


class Asker(Protocol):
    """A connection that waits to be let in."""

    def let_in(self, grant: Grant | None) -> None:
        """It may log in, as the bridge or as the holder of a grant."""

    def refuse(self, reason: int) -> None:
        """It may not, for this reason."""


class Router:
    """Sessions, and the way of each message to them.

    Args:
        username, password: the bridge's log-in.
    """

    def __init__(self, *, username: str, password: str) -> None:
        self._bridge = username, password.encode()
        self._sessions: dict[tuple[str, str], Session] = {}  # by user name and client identifier
        self._readers: dict[bytes, dict[Session, int]] = {}
        self._known: dict[str, Grant] = {}  # what the bridge said of tokens
        self._asking: dict[int, tuple[packets.Connect, Asker, str, float]] = {}
        self._number = 0
        self._connections: dict[Session, Connection] = {}
        self.counts: dict[Hit, int] = {}

    # ---- log-ins ----------------------------------------------------------------------------

    def ask(self, asked: packets.Connect, asker: Asker) -> None:
        """Learn whose log-in this is; let it in or refuse it, now or when the bridge answers.

        The bridge is asked once for each token; what it said holds until it takes that back.
        """
        username, password = asked.username or "", asked.password or b""
        if username == self._bridge[0]:
            if hmac.compare_digest(password, self._bridge[1]):
                self._known.clear()  # another bridge may know better
                asker.let_in(None)
            else:
                asker.refuse(packets.NOT_AUTHORISED)
            return
        token = password.decode("ascii", "replace")
        grant = self._known.get(token)
        if grant is not None:
            self._settle(asked, asker, grant)
        elif not looks_like_token(token):
            asker.refuse(packets.NOT_AUTHORISED)
        elif _LOGIN not in self._readers or len(self._asking) >= _MAX_ASKING:
            asker.refuse(packets.UNAVAILABLE)
        else:
            self._number += 1
            self._asking[self._number] = asked, asker, token, time.monotonic() + _ANSWER_S
            question = json.dumps({"number": self._number, "token": token})
            self.publish(Message(_LOGIN, question.encode(), 1))

    def _settle(self, asked: packets.Connect, asker: Asker, grant: Grant | None) -> None:
        if grant is None or asked.username != names.username_of(grant.client_id, grant.grant_id):
            asker.refuse(packets.NOT_AUTHORISED)
        else:
            asker.let_in(grant)

    def told(self, payload: bytes) -> None:
        """The bridge answered, or says which grants count no more: those are cut off."""
        said = json.loads(payload)
        asking = self._asking.pop(said.get("number"), None)
        if asking is not None:
            asked, asker, token, _ = asking
            grant = Grant(*said["grant"]) if "grant" in said else None
            if grant is not None:
                if len(self._known) >= _MAX_KNOWN:
                    self._known.clear()
                self._known[token] = grant
            self._settle(asked, asker, grant)
        if "ended" in said:
            ended = set(said["ended"])
            for token in [t for t, grant in self._known.items() if grant.grant_id in ended]:
                del self._known[token]
            for session in list(self._sessions.values()):
                if session.grant is not None and session.grant.grant_id in ended:
                    self._end(session, self._connections.get(session))

    def log_in(
        self, asked: packets.Connect, grant: Grant | None, connection: Connection
    ) -> tuple[Session, bool, str]:
        """A session for who was let in, whether it was kept, and the name given to it, if any."""
        name, assigned = asked.client_id, ""
        if not name:
            name = assigned = "auto-" + names.new_session(resumes=False)
        key = asked.username or "", name
        kept = self._sessions.get(key)
        if kept is not None:
            if (old := self._connections.get(kept)) is not None:
                self.lost(kept, keep=True)
                old.end(packets.TAKEN_OVER)
            if asked.clean or not kept.keep_s:
                self._forget(key, kept)
                kept = None
        session = kept or self._sessions.setdefault(key, Session(name, grant))
        session.will = asked.will if grant is None else None
        session.keep_s = self._keep_s(asked)
        self._connections[session] = connection
        return session, kept is not None, assigned

    def _keep_s(self, asked: packets.Connect) -> float:
        if asked.level == 5:
            return min(float(asked.expiry_s or 0), _MAX_KEEP_S)
        return 0.0 if asked.clean else _MAX_KEEP_S

    def lost(self, session: Session, *, keep: bool) -> None:
        """A session has no connection any more; `keep`: its client may come back to it."""
        self._connections.pop(session, None)
        session.connection = None
        session.gone_at = time.monotonic()
        if session.grant is None and session.will is not None and keep:
            topic, payload, qos = session.will
            self.publish(Message(topic, payload, qos))
        elif names.is_session(session.name):
            self.publish(Message(_OUTBOX + session.name.encode(), b'{"leave": "gone"}', 1))
        kept = len(self._sessions) - len(self._connections)
        if not (keep and session.keep_s and kept < _MAX_KEPT):
            self._forget((self._username(session), session.name), session)

    def _username(self, session: Session) -> str:
        grant = session.grant
        if grant is None:
            return self._bridge[0]
        return names.username_of(grant.client_id, grant.grant_id)

    def _forget(self, key: tuple[str, str], session: Session) -> None:
        if self._sessions.get(key) is session:
            del self._sessions[key]
        for topic in list(session.filters):
            self.unsubscribe(session, topic)

    def sweep(self) -> None:
        """End what stands on a token whose time is over, and forget whom nobody missed."""
        wall, now = time.time(), time.monotonic()
        for (_, name), session in list(self._sessions.items()):
            grant, connection = session.grant, self._connections.get(session)
            if grant is not None and grant.expires_at + _GRACE_S <= wall:
                self._end(session, connection)
            elif connection is None and session.gone_at + session.keep_s <= now:
                self._forget((self._username(session), name), session)
        for token in [t for t, grant in self._known.items() if grant.expires_at <= wall]:
            del self._known[token]
        for number in [n for n, asking in self._asking.items() if asking[3] <= now]:
            self._asking.pop(number)[1].refuse(packets.UNAVAILABLE)

    def _end(self, session: Session, connection: Connection | None) -> None:
        session.keep_s = 0.0
        if connection is None:
            self._forget((self._username(session), session.name), session)
        else:
            self.lost(session, keep=False)
            connection.end(packets.NOT_AUTHORISED)

    # ---- topics -----------------------------------------------------------------------------

    def may_read(self, session: Session, topic: str) -> bool:
        """Whether the session may subscribe to that topic."""
        grant = session.grant
        if grant is None:
            return topic in (f"{names.OUTBOX}+", names.COUNTS_TOPIC, names.LOGIN_TOPIC)
        own = names.INBOX + session.name if names.is_session(session.name) else ""
        return topic in (names.live_topic(grant.channel), own, names.BRIDGE_TOPIC)

    def may_write(self, session: Session, topic: bytes) -> bool:
        """Whether the session may publish to that topic."""
        if session.grant is None:
            return True
        return names.is_session(session.name) and topic == _OUTBOX + session.name.encode()

    def subscribe(self, session: Session, topic: bytes, qos: int) -> None:
        """Let messages of a topic go to the session."""
        session.filters[topic] = qos
        self._readers.setdefault(topic, {})[session] = qos

    def unsubscribe(self, session: Session, topic: bytes) -> None:
        """Let them go there no more."""
        if session.filters.pop(topic, None) is not None:
            readers = self._readers[topic]
            del readers[session]
            if not readers:
                del self._readers[topic]

    def publish(self, message: Message) -> None:
        """Send a message to all who read its topic; who owes too many answers is cut off."""
        topic = message.topic
        readers = self._readers.get(_FROM_BRIDGE if topic.startswith(_OUTBOX) else topic)
        slow = None
        if readers:
            for session, qos in readers.items():
                if not session.deliver(message, qos):
                    slow = [*(slow or ()), session]
        for session in slow or ():
            if (connection := self._connections.get(session)) is not None:
                self.lost(session, keep=False)
                connection.end(packets.QUOTA_EXCEEDED)

    def hub_is_behind(self) -> bool:
        """Whether the bridge has yet to take what clients asked it."""
        return any(session.behind for session in self._readers.get(_FROM_BRIDGE, ()))

    # ---- counting ---------------------------------------------------------------------------

    def count(self, hit: Hit) -> None:
        """A client sent a packet."""
        self.counts[hit] = self.counts.get(hit, 0) + 1

    def tell_counts(self) -> None:
        """Tell the bridge what has been counted since it was last told."""
        if self.counts and names.COUNTS_TOPIC.encode() in self._readers:
            counts, self.counts = self.counts, {}
            told = json.dumps(counts).encode()
            self.publish(Message(names.COUNTS_TOPIC.encode(), told, 1))
