"""Who may log in to the embedded broker, who reads what, and what was sent.

A token's holder may subscribe to its own channel, to its own session's inbox and to the bridge's
word to all, and publish to its own session's outbox. Topics are looked up by name: there are no
wildcards but the bridge's own.
"""

import contextlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Protocol

from pushlab.brokers._session import Message, Session
from pushlab.contract.hits import Hit
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.errors import Refused
from pushlab.transports import _mqtt_names as names
from pushlab.transports import _mqtt_server as packets

__all__ = ["LoginRefused", "Router"]

_GRACE_S = 0.5  # after a token's end, for the bridge's goodbye to arrive first
_MAX_KEPT = 10_000  # sessions without a connection
_MAX_KEEP_S = 3_600.0
_OUTBOX = names.OUTBOX.encode()
_FROM_BRIDGE = f"{names.OUTBOX}+".encode()


class Closable(Protocol):
    """A connection that can be ended."""

    full: bool

    def send(self, data: bytes) -> None:
        """Send these bytes."""

    def end(self, reason: int) -> None:
        """Close it for this reason, as version 5 numbers them."""


class LoginRefused(Exception):
    """A log-in is refused for `reason`, as version 5 numbers them."""

    def __init__(self, reason: int) -> None:
        super().__init__(f"reason code {reason}")
        self.reason = reason


class Router:
    """Sessions, and the way of each message to them.

    Args:
        username, password: the bridge's log-in.
        keys: with which tokens are checked.
    """

    def __init__(self, *, username: str, password: str, keys: TokenKeys) -> None:
        self._bridge = username, password.encode()
        self._keys = keys
        self._sessions: dict[tuple[str, str], Session] = {}  # by user name and client identifier
        self._readers: dict[bytes, dict[Session, int]] = {}
        self._revoked: dict[str, float] = {}  # grants, to when they would have ended
        self._lines: dict[Session, Closable] = {}
        self.counts: dict[Hit, int] = {}

    # ---- log-ins ----------------------------------------------------------------------------

    def log_in(self, asked: packets.Connect, line: Closable) -> tuple[Session, bool, str]:
        """A session for who asks, whether it was kept, and the name that it was given, if any.

        Raises:
            LoginRefused: it may not log in.
        """
        username, password = asked.username or "", asked.password or b""
        grant: Grant | None = None
        if username == self._bridge[0]:
            good = hmac.compare_digest(password, self._bridge[1])
        else:
            grant = self._grant_of(password)
            good = grant is not None and (
                username == names.username_of(grant.client_id, grant.grant_id)
            )
        if not good:
            raise LoginRefused(packets.NOT_AUTHORISED)
        name, assigned = asked.client_id, ""
        if not name:
            if not asked.clean and asked.level < 5:
                raise LoginRefused(packets.BAD_CLIENT_ID)
            name = assigned = "auto-" + names.new_session(resumes=False)
        key = username, name
        kept = self._sessions.get(key)
        if kept is not None:
            if (old := self._lines.get(kept)) is not None:
                self.lost(kept, keep=True)
                old.end(packets.TAKEN_OVER)
            if asked.clean or not kept.keep_s:
                self._forget(key, kept)
                kept = None
        session = kept or self._sessions.setdefault(key, Session(name, grant))
        session.will = asked.will if grant is None else None
        session.keep_s = self._keep_s(asked)
        self._lines[session] = line
        return session, kept is not None, assigned

    def _grant_of(self, token: bytes) -> Grant | None:
        try:
            grant = self._keys.verify(token.decode(), now=time.time())
        except (Refused, UnicodeDecodeError):
            return None
        return None if grant.grant_id in self._revoked else grant

    def _keep_s(self, asked: packets.Connect) -> float:
        if asked.level == 5:
            return min(float(asked.expiry_s or 0), _MAX_KEEP_S)
        return 0.0 if asked.clean else _MAX_KEEP_S

    def lost(self, session: Session, *, keep: bool) -> None:
        """A session has no connection any more; `keep`: its client may come back to it."""
        self._lines.pop(session, None)
        session.line = None
        session.gone_at = time.monotonic()
        if session.grant is None and session.will is not None and keep:
            topic, payload, qos = session.will
            self.publish(Message(topic, payload, qos))
        elif names.is_session(session.name):
            self.publish(Message(_OUTBOX + session.name.encode(), b'{"leave": "gone"}', 1))
        if not (keep and session.keep_s and len(self._sessions) - len(self._lines) < _MAX_KEPT):
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
            grant, line = session.grant, self._lines.get(session)
            if grant is not None and grant.expires_at + _GRACE_S <= wall:
                self._end(session, line)
            elif line is None and session.gone_at + session.keep_s <= now:
                self._forget((self._username(session), name), session)
        for grant_id in [g for g, ends in self._revoked.items() if ends <= wall]:
            del self._revoked[grant_id]

    def _end(self, session: Session, line: Closable | None) -> None:
        session.keep_s = 0.0
        if line is None:
            self._forget((self._username(session), session.name), session)
        else:
            self.lost(session, keep=False)
            line.end(packets.NOT_AUTHORISED)

    def take_revoked(self, told: bytes) -> None:
        """The bridge says which grants count no more, with when they would have ended."""
        with contextlib.suppress(ValueError, AttributeError, TypeError):
            self.revoke({str(name): float(ends) for name, ends in json.loads(told).items()})

    def revoke(self, told: Mapping[str, float]) -> None:
        """Cut off who stands on one of these grants, and let it in no more until it has ended."""
        self._revoked.update(told)
        for session in list(self._sessions.values()):
            if session.grant is not None and session.grant.grant_id in told:
                self._end(session, self._lines.get(session))

    # ---- topics -----------------------------------------------------------------------------

    def may_read(self, session: Session, topic: str) -> bool:
        """Whether the session may subscribe to that topic."""
        grant = session.grant
        if grant is None:
            return topic in (f"{names.OUTBOX}+", names.COUNTS_TOPIC)
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
            if (line := self._lines.get(session)) is not None:
                self.lost(session, keep=False)
                line.end(packets.QUOTA_EXCEEDED)

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
