"""Log-ins at a broker with Mosquitto's dynamic-security plug-in.

The plug-in takes commands as JSON on a topic and answers on another one
(https://mosquitto.org/documentation/dynamic-security/). It rewrites its whole file at every
command, so entries are few and small: one role that every subscriber has, one role for each
channel, and one client for each grant. Commands that come together travel together.

A role is deleted behind the last client that has it, never before: Mosquitto 2.0 keeps a pointer
from a client to its roles, does not notice when one of them goes, and crashes.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from pushlab.contract.tokens import Grant
from pushlab.transports import _mqtt_names as names
from pushlab.transports._mqtt_logins import Logins

__all__ = ["RESPONSES", "PlugInLogins"]

RESPONSES = f"{names.CONTROL}/response"

_SUBSCRIBER = "pushlab-subscriber"
_MARK = "pushlab "  # begins the text name of our clients; the end of the grant follows
_BATCH = 40  # the broker serves nobody else meanwhile, so not too many at once
_FINE = ("already exists", "not found", "doesn't exist", "does not exist")
_log = logging.getLogger("pushlab.mqtt")


def _rule(kind: str, topic: str, *, allow: bool = True, **priority: int) -> dict[str, Any]:
    return {"acltype": kind, "topic": topic, "allow": allow, **priority}


#: What every subscriber may do. An inbox's name is a secret, so one rule serves them all; the
#: wildcard itself is refused, or it would show every inbox.
_SUBSCRIBER_RULES = [
    _rule("subscribeLiteral", f"{names.INBOX}+", allow=False, priority=2),
    _rule("subscribePattern", f"{names.INBOX}+", priority=1),
    _rule("subscribeLiteral", names.BRIDGE_TOPIC),
    _rule("publishClientSend", f"{names.OUTBOX}+"),
    _rule("publishClientReceive", f"{names.LIVE}#"),
    _rule("publishClientReceive", f"{names.INBOX}+"),
    _rule("publishClientReceive", names.BRIDGE_TOPIC),
]


class PlugInLogins(Logins):
    """Makes and removes the log-ins of grants.

    Args:
        send: publishes a payload on `names.CONTROL`.
    """

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._waiting: deque[tuple[dict[str, Any], asyncio.Future[dict[str, Any]]]] = deque()
        self._asked: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._role_of: dict[str, str] = {}  # the channel's role of each user name
        self._made: dict[str, asyncio.Future[dict[str, Any]]] = {}  # the answer for each user name
        self._users: dict[str, int] = {}  # how many have each of these roles
        self._number = 0

    # ---- what the bridge asks ---------------------------------------------------------------

    async def prepare(self) -> tuple[bool, list[Grant]]:
        """Begin; whether no bridge was at this broker before, and the grants that one let in."""
        self.reset()
        listed = self._command({"command": "listClients", "verbose": True, "count": -1})
        role = {"command": "createRole", "rolename": _SUBSCRIBER, "acls": _SUBSCRIBER_RULES}
        clients, made = await asyncio.gather(listed, self._command(role))
        left = []
        for client in clients.get("data", {}).get("clients", ()):
            topic = ""
            for role_of_it in client.get("roles", ()):
                if role_of_it["rolename"].startswith(names.LIVE):
                    topic = role_of_it["rolename"]
                    self._has_role(client["username"], topic)
            name = client.get("textname", client.get("textName", ""))
            if topic and name.startswith(_MARK) and name[len(_MARK) :].isdecimal():
                until = float(name[len(_MARK) :])
                left.append(names.grant_named(client["username"], topic, until))
        return "error" not in made, left

    def add(self, token: str, grant: Grant) -> "asyncio.Future[dict[str, Any]]":
        """Let the holder of `token` log in; the future is done when it may."""
        role = names.live_topic(grant.channel)
        username = names.username_of(grant.client_id, grant.grant_id)
        if role not in self._users:
            acls = [_rule("subscribeLiteral", role)]
            self._command({"command": "createRole", "rolename": role, "acls": acls})
        made = self._made.get(username)
        if made is None:
            self._has_role(username, role)
            made = self._made[username] = self._command(
                {
                    "command": "createClient",
                    "username": username,
                    "password": token,
                    "textname": f"{_MARK}{int(grant.expires_at) + 1}",
                    "roles": [{"rolename": _SUBSCRIBER}, {"rolename": role}],
                }
            )
        return made

    async def remove(self, username: str) -> None:
        """End a log-in; the broker cuts off whoever uses it."""
        self._made.pop(username, None)
        removed = self._command({"command": "deleteClient", "username": username})
        role = self._role_of.pop(username, None)
        if role is not None:
            self._users[role] -= 1
            if not self._users[role]:
                del self._users[role]
                self._command({"command": "deleteRole", "rolename": role})
        await removed

    def _has_role(self, username: str, role: str) -> None:
        if username not in self._role_of:
            self._role_of[username] = role
            self._users[role] = self._users.get(role, 0) + 1

    def reset(self) -> None:
        """The connection was lost: nothing that was asked will be answered."""
        lost = [future for _, future in self._waiting] + list(self._asked.values())
        self._waiting.clear()
        self._asked.clear()
        self._role_of.clear()
        self._made.clear()
        self._users.clear()
        for future in lost:
            if not future.done():
                future.set_result({"error": "the connection to the broker was lost"})

    # ---- commands ---------------------------------------------------------------------------

    def _command(self, command: dict[str, Any]) -> "asyncio.Future[dict[str, Any]]":
        """Queue a command; its answer is the plug-in's, with ``error`` where it failed."""
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if len(self._waiting) == 1 and not self._asked:
            asyncio.get_running_loop().call_soon(self._flush)
        return answer

    def _flush(self) -> None:
        if self._asked or not self._waiting:
            return
        batch: list[dict[str, Any]] = []
        while self._waiting and len(batch) < _BATCH:
            command, answer = self._waiting.popleft()
            self._number += 1
            key = f"pushlab-{id(self):x}-{self._number}"
            self._asked[key] = answer
            batch.append({**command, "correlationData": key})
        self._send(json.dumps({"commands": batch}).encode())

    def answered(self, payload: bytes) -> None:
        """The plug-in's answer arrived; perhaps to somebody else's command."""
        for response in json.loads(payload).get("responses", ()):
            answer = self._asked.pop(response.get("correlationData", ""), None)
            if answer is None:
                continue
            error = response.get("error", "")
            if error and not any(fine in error.lower() for fine in _FINE):
                _log.error("the broker refuses %s: %s", response.get("command"), error)
            if not answer.done():
                answer.set_result(response)
        self._flush()
