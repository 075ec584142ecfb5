"""Chat rooms: the Channel API's own example.

A member says something by an ordinary post; the server sends it to everybody's channel.
"""

from collections.abc import Mapping
from typing import Any

from pushlab.channel_api import LocalChannelService
from pushlab.errors import Refused
from pushlab.web.members import GRACE_S, OPENING_S, Member, Members, now_ms
from pushlab.web.texts import key_of, label, text

__all__ = ["Chat"]

MOST_ROOMS = 500
MOST_IN_A_ROOM = 50
_ROOM_CHARS = 40
_NAME_CHARS = 30
_TEXT_CHARS = 2_000
_REF_CHARS = 40


def _names(room: Mapping[str, Member]) -> list[str]:
    return [member.name for member in room.values()]


class Chat:
    """All rooms of one server."""

    def __init__(
        self,
        channels: LocalChannelService,
        *,
        grace_s: float = GRACE_S,
        opening_s: float = OPENING_S,
    ) -> None:
        self.members = Members(
            channels,
            kind="chat",
            on_gone=self._leave,
            on_restored=self._restored,
            grace_s=grace_s,
            opening_s=opening_s,
        )
        #: As long as somebody is in them: members by client ID, in order of arrival.
        self._rooms: dict[str, dict[str, Member]] = {}
        self.members.restore()

    def join(self, body: dict[str, Any]) -> dict[str, Any]:
        """Enter a room, or come back to it with the token of before."""
        room_name = label(body, "room", most=_ROOM_CHARS)
        name = label(body, "name", most=_NAME_CHARS)
        member = self.members.returning(body.get("token"))
        if member is None or (member.place, member.name) != (room_name, name):
            if member is not None:
                self._leave(member, "left")
            member = self._enter(room_name, name)
        return {
            **self.members.invite(member),
            "room": member.place,
            "members": _names(self._rooms[member.place]),
        }

    def _enter(self, room_name: str, name: str) -> Member:
        if room_name not in self._rooms and len(self._rooms) >= MOST_ROOMS:
            raise Refused(429, "too-many-rooms", f"there are {MOST_ROOMS} rooms already")
        room = self._rooms.get(room_name, {})
        if len(room) >= MOST_IN_A_ROOM:
            raise Refused(429, "room-full", f"there are {MOST_IN_A_ROOM} people in this room")
        if key_of(name) in map(key_of, _names(room)):
            raise Refused(409, "name-taken", f"somebody in this room is called {name} already")
        member = self.members.add(room_name, name)
        self._rooms[room_name] = room
        room[member.client_id] = member
        # What is sent before the member opens its channel waits there.
        joined = {"type": "joined", "name": name, "members": _names(room), "now_ms": now_ms()}
        self.members.send([other for other in room if other != member.client_id], joined)
        return member

    def _restored(self, member: Member) -> bool:
        """Take a member of before the server's start into its room again; nobody noticed."""
        room = self._rooms.get(member.place, {})
        if len(room) >= MOST_IN_A_ROOM or key_of(member.name) in map(key_of, _names(room)):
            return False
        self._rooms[member.place] = room
        room[member.client_id] = member
        return True

    def say(self, body: dict[str, Any]) -> dict[str, Any]:
        """Say something to everybody in the room, the speaker too."""
        member = self.members.get(body.get("token"))
        message = {
            "type": "said",
            "name": member.name,
            "text": text(body, "text", most=_TEXT_CHARS),
        }
        if "ref" in body:
            message["ref"] = label(body, "ref", most=_REF_CHARS)
        sent_ms = now_ms()
        self.members.send(self._rooms[member.place], {**message, "now_ms": sent_ms})
        return {"now_ms": sent_ms}

    def leave(self, body: dict[str, Any]) -> dict[str, Any]:
        """Leave the room."""
        self._leave(self.members.get(body.get("token")), "left")
        return {}

    def _leave(self, member: Member, why: str = "gone") -> None:
        self.members.remove(member)
        room = self._rooms[member.place]
        del room[member.client_id]
        if not room:
            del self._rooms[member.place]
        left = {
            "type": "left",
            "name": member.name,
            "members": _names(room),
            "why": why,
            "now_ms": now_ms(),
        }
        self.members.send(room, left)
