"""The members of a demonstration: clients of the Channel API, one channel each.

This is an application as the Channel API meant it: it makes a token for each client, sends to
client IDs, and is told when a client's channel opens and goes. A channel that goes and comes back
soon (a page that is loaded anew, a train in a tunnel) is no goodbye.

Nor is a server that starts again with the keys of before and the channels that it kept: a client ID
tells whose it is, so the members of before are members again, if their pages come back soon.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from pushlab.channel_api import LocalChannelService
from pushlab.contract.limits import MAX_CLIENT_ID_BYTES
from pushlab.contract.serving import HubSettings
from pushlab.errors import Refused

__all__ = ["Member", "Members", "now_ms", "small"]

GRACE_S = 4.0  #: how long a channel may be gone before its member is
OPENING_S = 20.0  #: how long a new member may take to open its channel
MOST_MEMBERS = 1_000
_TOKEN_MINUTES = 240
#: What a member's channel keeps, and how far its reader may fall behind: a talk, not an archive.
_KEPT_MESSAGES = 200
_KEPT_BYTES = 128 * 1024


def small(settings: HubSettings) -> HubSettings:
    """A hub's dials, for channels that keep little."""
    return replace(
        settings,
        retain_messages=_KEPT_MESSAGES,
        retain_bytes=_KEPT_BYTES,
        lag_messages=_KEPT_MESSAGES,
        lag_bytes=_KEPT_BYTES,
    )


def now_ms() -> float:
    """The wall clock, in milliseconds since 1970."""
    return round(time.time() * 1e3, 3)


@dataclass(slots=True)
class Member:
    """One member.

    Attributes:
        client_id: the member's, and its channel's name.
        place: where it is: the name of a room or a game.
        name: what it is called.
        present: whether its channel is there, or was a moment ago.
    """

    client_id: str
    place: str
    name: str
    present: bool = True


class Members:
    """Everybody in one demonstration.

    Args:
        channels: the Channel API on the server's hub.
        kind: begins every client ID.
        on_gone: called when a member's channel has gone and not come back.
        on_back: called when the channel of one who was gone is there again.
        on_restored: called with a member of the server that was here before; False: there is no
            room for it. None: nobody outlives the server.
    """

    def __init__(
        self,
        channels: LocalChannelService,
        *,
        kind: str,
        on_gone: Callable[[Member], None],
        on_back: Callable[[Member], None] = lambda member: None,
        on_restored: Callable[[Member], bool] | None = None,
        grace_s: float = GRACE_S,
        opening_s: float = OPENING_S,
    ) -> None:
        self._channels = channels
        self._kind = kind
        self._on_gone = on_gone
        self._on_back = on_back
        self._on_restored = on_restored
        self._grace_s = grace_s
        self._opening_s = opening_s
        self._members: dict[str, Member] = {}
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._begun = time.monotonic()
        self._removed: set[str] = set()  # by this server, while it takes in those of before
        channels.on_presence(self._on_connected, self._on_disconnected)

    def __len__(self) -> int:
        return len(self._members)

    def add(self, place: str, name: str) -> Member:
        """A new member, who shall open its channel soon. Raises Refused (429)."""
        if len(self._members) >= MOST_MEMBERS:
            raise Refused(429, "too-many-members", f"there are {MOST_MEMBERS:,} people already")
        client_id = f"{self._kind}-{secrets.token_hex(8)}"
        named = f"{client_id}/{_escaped(place)}/{_escaped(name)}"
        if self._on_restored is not None and len(named.encode()) <= MAX_CLIENT_ID_BYTES:
            client_id = named  # else it cannot outlive the server
        self._channels.position(client_id)  # if there is no room for it, nobody has come
        return self._expect(Member(client_id, place, name))

    def _expect(self, member: Member) -> Member:
        """Count a member, who shall open its channel soon."""
        self._members[member.client_id] = member
        self.unless_back(member, self._opening_s, self._gone)
        return member

    def restore(self) -> None:
        """Let everybody be a member again whose channel the server has kept."""
        for client_id in self._channels.held():
            self._restored(client_id)

    def _restored(self, client_id: str) -> Member | None:
        """The member of that ID, if it was one of the server that was here before."""
        begins, *rest = client_id.split("/")
        if self._on_restored is None or len(rest) != 2 or not begins.startswith(f"{self._kind}-"):
            return None
        member = Member(client_id, unquote(rest[0]), unquote(rest[1]))
        if len(self._members) >= MOST_MEMBERS or not self._on_restored(member):
            return None
        return self._expect(member)

    def invite(self, member: Member) -> dict[str, Any]:
        """What the member's page needs: a token, and from where to read."""
        at = self._channels.position(member.client_id)
        return {
            "token": self._channels.create_channel(member.client_id, _TOKEN_MINUTES),
            "client_id": member.client_id,
            "cursor": str(at),
            "name": member.name,
            "now_ms": now_ms(),
        }

    def returning(self, token: object) -> Member | None:
        """The member who held this token, which may have expired; None when there is none."""
        return self._holder(token, expired_too=True)

    def _holder(self, token: object, *, expired_too: bool = False) -> Member | None:
        if not isinstance(token, str):
            return None
        client_id = self._channels.holder(token, expired_too=expired_too)
        if client_id is None:
            return None
        member = self._members.get(client_id)
        if member is None and self._is_new() and client_id not in self._removed:
            member = self._restored(client_id)  # nothing was said to it yet, so nothing was kept
        return member

    def _is_new(self) -> bool:
        """Whether members of the server that was here before may still be on their way."""
        return time.monotonic() < self._begun + self._opening_s

    def get(self, token: object) -> Member:
        """The member who holds this token. Raises Refused (401 `not-a-member`)."""
        member = self._holder(token)
        if member is None:
            raise Refused(401, "not-a-member", "nobody here has this token; join again")
        return member

    def send(self, client_ids: Iterable[str], message: dict[str, Any]) -> None:
        """Send a message to the channels of these members."""
        text = json.dumps(message, ensure_ascii=False)
        for client_id in client_ids:
            self._channels.send_message(client_id, text)

    def remove(self, member: Member) -> None:
        """Forget a member, and what its channel holds."""
        self._members.pop(member.client_id, None)
        if self._is_new():
            self._removed.add(member.client_id)
        self._keep(member)
        self._channels.forget(member.client_id)

    def close(self) -> None:
        """The hub stops: nobody is told of anybody any more."""
        for timer in self._leaving.values():
            timer.cancel()
        self._leaving.clear()
        self._members.clear()

    # ---- presence ---------------------------------------------------------------------------

    def _on_disconnected(self, client_id: str) -> None:
        if (member := self._members.get(client_id)) is not None:
            self.unless_back(member, self._grace_s, self._gone)

    def _on_connected(self, client_id: str) -> None:
        if (member := self._members.get(client_id)) is None:
            return
        self._keep(member)
        if not member.present:
            member.present = True
            self._on_back(member)

    def unless_back(self, member: Member, within_s: float, act: Callable[[Member], None]) -> None:
        """Do this with a member whose channel is not there before long."""
        self._keep(member)
        loop = asyncio.get_running_loop()
        self._leaving[member.client_id] = loop.call_later(within_s, act, member)

    def _keep(self, member: Member) -> None:
        timer = self._leaving.pop(member.client_id, None)
        if timer is not None:
            timer.cancel()

    def _gone(self, member: Member) -> None:
        self._leaving.pop(member.client_id, None)
        member.present = False
        self._on_gone(member)


def _escaped(text: str) -> str:
    """The text without what separates it from the next one in a client ID."""
    return text.replace("%", "%25").replace("/", "%2F")
