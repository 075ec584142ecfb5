"""Log-ins at a Mosquitto that was started for us: in its password file and its access rules.

Both files are replaced whole and Mosquitto is told by SIGHUP. It notices that as it wakes, before
it reads what woke it, so a client that connects behind the signal is known. What changes while it
reads is written once it has read, all together: a second signal would be lost meanwhile. A log-in
that is gone from the files is cut off as Mosquitto reads them.

It reads a thousand log-ins in about 4 ms, ten thousand in 220 ms: its search is linear for each.
"""

import asyncio
import base64
import contextlib
import hashlib
import logging
import os
import secrets
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

from pushlab.contract.tokens import Grant
from pushlab.transports import _mqtt_names as names
from pushlab.transports._mqtt_logins import NO_LOGIN, Logins

__all__ = [
    "BRIDGED",
    "COMMON_RULES",
    "PASSWORDS",
    "PROCESS",
    "RULES",
    "FileLogins",
    "entries_of",
    "hashed",
    "write_private",
]

PASSWORDS = "passwords"
RULES = "rules"
PROCESS = "pid"  # Mosquitto's, which is another one when it had to be started again
BRIDGED = "bridged"  # is there once a bridge has been at this process
_UNTIL = "# until "
_MAX_REST_S = 0.2
_log = logging.getLogger("pushlab.mqtt")

#: What every subscriber may do; ``%c`` is its client identifier.
COMMON_RULES = "".join(
    f"pattern {right} {topic}\n"
    for right, topic in (
        ("read", names.BRIDGE_TOPIC),
        ("read", f"{names.INBOX}%c"),
        ("write", f"{names.OUTBOX}%c"),
    )
)


def hashed(username: str, password: str) -> str:
    """A line of the password file (PBKDF2 with SHA-512, RFC 8018).

    One round: a token is signed with 256 bits, which no guessing finds.
    """
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 1)
    return (
        f"{username}:$7$1${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n"
    )


def entries_of(folder: Path) -> tuple[list[str], str]:
    """The lines of log-ins in a folder's password file, and their rules.

    None if it is new, or what is there is spoilt: who comes back is given a log-in again.
    """
    try:
        passwords = (folder / PASSWORDS).read_text().splitlines(keepends=True)[1:]
        _, mark, rules = (folder / RULES).read_text().partition(_UNTIL)
        list(_entries(passwords, mark + rules))
    except (OSError, ValueError, LookupError):
        return [], ""
    return passwords, mark + rules


def _entries(passwords: list[str], rules: str) -> Iterator[tuple[str, str, str, Grant]]:
    """Each log-in's user name, line and rule, and its grant; ValueError, LookupError for others."""
    hashes = {line.partition(":")[0]: line for line in passwords}
    for entry in rules.split(_UNTIL)[1:]:
        said, user, rule, _ = entry.split("\n")
        until, _, key_id = said.partition(" ")
        username, topic = user.removeprefix("user "), rule.removeprefix("topic read ")
        grant = names.grant_named(username, topic, int(until[:12]))
        yield username, hashes[username], _UNTIL + entry, replace(grant, key_id=key_id)


def write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner may read, at once."""
    fresh = path.with_name(path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w") as file:
        file.write(text)
    fresh.replace(path)


class FileLogins(Logins):
    """Makes and removes the log-ins of grants.

    Args:
        folder: where Mosquitto's files are.
        ask: asks Mosquitto for something that it answers.
    """

    def __init__(self, folder: str, ask: Callable[[], Awaitable[None]]) -> None:
        self._ask = ask
        self._folder = Path(folder)
        self._pid = 0
        self._handle = -1
        self._head: tuple[str, str] | None = None  # of the two files: what is not ours to change
        self._entries: dict[str, tuple[str, str]] = {}
        self._written: asyncio.Future[None] | None = None  # what was written last
        self._changes: asyncio.Future[None] | None = None  # what is not written yet
        self._reading: asyncio.Task[None] | None = None

    def close(self) -> None:
        """There is no more to do here."""
        self.reset()
        self._let_go()

    def _let_go(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    async def prepare(self) -> tuple[bool, list[Grant]]:
        """Begin; whether no bridge was at this broker before, and the grants that one let in."""
        self._open()
        fresh = not (self._folder / BRIDGED).exists()
        (self._folder / BRIDGED).touch()
        if self._head is None:
            left = self._load()
        else:  # what is known here is newer than the files that a new process has read
            left = list[Grant]()
            self._write()
        return fresh, left

    def _load(self) -> list[Grant]:
        """Read the files; what is in them already."""
        passwords = (self._folder / PASSWORDS).read_text().splitlines(keepends=True)
        rules = (self._folder / RULES).read_text()
        self._head = passwords[0], rules.partition(_UNTIL)[0]
        left = []
        for username, line, rule, grant in _entries(passwords[1:], rules):
            left.append(grant)
            self._entries[username] = line, rule
        return left

    def _open(self) -> None:
        """Hold on to the process, so that no other is told what was meant for it."""
        self._let_go()
        self._pid = int((self._folder / PROCESS).read_text())
        if hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                self._handle = os.pidfd_open(self._pid)

    def reset(self) -> None:
        """The connection was lost; the files are not."""
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def add(self, token: str, grant: Grant) -> "asyncio.Future[None]":
        """Let the holder of `token` log in; the future is done when it may, or Refused (503)."""
        username = names.username_of(grant.client_id, grant.grant_id)
        if username not in self._entries:
            topic = names.live_topic(grant.channel)
            said = f"{_UNTIL}{int(grant.expires_at) + 1} {grant.key_id}"
            rule = f"{said}\nuser {username}\ntopic read {topic}\n"
            self._entries[username] = hashed(username, token), rule
            self._changed()
        if self._changes is None and self._written is None:
            self._written = asyncio.get_running_loop().create_future()
            self._written.set_result(None)  # an earlier bridge wrote it
        pending = self._changes or self._written
        assert pending is not None
        return pending

    async def remove(self, username: str) -> None:
        """End a log-in; the broker cuts off whoever uses it."""
        if self._entries.pop(username, None) is not None:
            self._changed()

    def _changed(self) -> None:
        """Write the files: now, or as soon as Mosquitto has read what it was told to read."""
        if self._reading is None:
            self._write()
        elif self._changes is None:
            self._changes = asyncio.get_running_loop().create_future()

    def _write(self) -> None:
        assert self._head is not None
        written = self._changes or asyncio.get_running_loop().create_future()
        self._written, self._changes = written, None
        try:
            pairs = self._entries.values()
            passwords = self._head[0] + "".join([line for line, _ in pairs])
            write_private(self._folder / PASSWORDS, passwords)
            write_private(self._folder / RULES, self._head[1] + "".join([r for _, r in pairs]))
            self._tell()
        except OSError as error:
            refusal = NO_LOGIN(f"the broker's files cannot be written: {error.strerror}")
            _log.error("%s", refusal.detail)
            written.set_exception(refusal)
            written.exception()  # perhaps nobody waits for it
        else:
            written.set_result(None)
        self._reading = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        """Wait until Mosquitto has read the files: a signal that comes meanwhile would be lost.

        It notices a signal as it wakes, serves whoever woke it, and then reads the files; so who is
        served after that, it has read them for.
        """
        began = time.monotonic()
        await self._ask()
        await self._ask()
        await asyncio.sleep(min(_MAX_REST_S, time.monotonic() - began))  # its clients have a turn
        self._reading = None
        if self._changes is not None:
            self._write()

    def _tell(self) -> None:
        with contextlib.suppress(ProcessLookupError):  # it died; a new one reads them as it starts
            if self._handle >= 0:
                signal.pidfd_send_signal(self._handle, signal.SIGHUP)
            elif not hasattr(os, "pidfd_open"):
                os.kill(self._pid, signal.SIGHUP)
