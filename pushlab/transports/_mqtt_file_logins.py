"""Log-ins at a Mosquitto that was started for us: in its password file and its access rules.

Both files are replaced whole and Mosquitto is told by SIGHUP, which costs some microseconds a
token however many come. Nobody waits for it to have read them: it looks for signals whenever it
wakes, before it reads what woke it, so a client that connects behind the signal is known. A log-in
that is gone from the files is cut off by Mosquitto as it reads them.

It reads a thousand log-ins in about 4 ms and ten thousand in 220 ms: its search is linear for each.
"""

import asyncio
import base64
import contextlib
import hashlib
import os
import secrets
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from pushlab.contract.tokens import Grant
from pushlab.errors import Refused
from pushlab.transports import _mqtt_names as names

__all__ = ["COMMON_RULES", "PASSWORDS", "RULES", "FileLogins", "hashed", "write_private"]

PASSWORDS = "passwords"
RULES = "rules"
_BRIDGED = "bridged"  # is there once a bridge has been
_UNTIL = "# until "
_REST = 10  # of the time, how many times as long as a write takes until the next one

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
    return f"{username}:$7$1${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n"


def write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner may read, at once."""
    fresh = path.with_name(path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w") as file:
        file.write(text)
    fresh.replace(path)


class FileLogins:
    """Makes and removes the log-ins of grants.

    Args:
        folder: where Mosquitto's files are.
        pid: Mosquitto's process.
    """

    def __init__(self, folder: str, pid: int) -> None:
        self._folder = Path(folder)
        self._pid = pid
        self._handle = -1
        self._head = ("", "")  # of the two files: what is not ours to change
        self._entries: dict[str, tuple[str, str]] = {}
        self._written: asyncio.Future[None] | None = None
        self._next_s = 0.0

    async def prepare(self) -> "Mapping[str, float] | None":
        """Begin; the log-ins that an earlier bridge left: user name to expiry; None: none was."""
        self._open()
        rules = (self._folder / RULES).read_text()
        passwords = (self._folder / PASSWORDS).read_text().splitlines(keepends=True)
        head, *entries = rules.split(_UNTIL)
        self._head = passwords[0], head
        hashes = {line.partition(":")[0]: line for line in passwords[1:]}
        left = {}
        self._entries = {}
        for entry in entries:
            until, user, _ = entry.split("\n", 2)
            username = user.partition(" ")[2]
            left[username] = float(until)
            self._entries[username] = hashes[username], _UNTIL + entry
        fresh = not (self._folder / _BRIDGED).exists()
        (self._folder / _BRIDGED).touch()
        return None if fresh else left

    def _open(self) -> None:
        """Hold on to the process, so that no other is told what was meant for it."""
        if self._handle < 0 and hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                self._handle = os.pidfd_open(self._pid)

    def reset(self) -> None:
        """The connection was lost; the files are not."""

    def answered(self, payload: bytes) -> None:
        """Nothing is asked, so nothing is answered."""

    async def add(self, token: str, grant: Grant) -> None:
        """Let the holder of `token` log in. Raises Refused (503)."""
        username = names.username_of(grant.client_id, grant.grant_id)
        if username not in self._entries:
            topic = names.live_topic(grant.channel)
            rule = f"{_UNTIL}{int(grant.expires_at) + 1}\nuser {username}\ntopic read {topic}\n"
            self._entries[username] = hashed(username, token), rule
            await self._changed()

    async def remove(self, username: str) -> None:
        """End a log-in; the broker cuts off whoever uses it."""
        if self._entries.pop(username, None) is not None:
            await self._changed()

    async def _changed(self) -> None:
        """Write the files, together with all that changes meanwhile."""
        if self._written is None:
            loop = asyncio.get_running_loop()
            self._written = loop.create_future()
            loop.call_later(max(0.0, self._next_s - time.monotonic()), self._write)
        written = self._written
        try:
            await asyncio.shield(written)
        except OSError as error:
            what = f"the broker's files cannot be written: {error.strerror}"
            raise Refused(503, "broker-unavailable", what) from error

    def _write(self) -> None:
        written, self._written = self._written, None
        assert written is not None
        began = time.monotonic()
        try:
            pairs = self._entries.values()
            passwords = self._head[0] + "".join([line for line, _ in pairs])
            write_private(self._folder / PASSWORDS, passwords)
            write_private(self._folder / RULES, self._head[1] + "".join([r for _, r in pairs]))
            self._tell()
        except OSError as error:
            written.set_exception(error)
            written.exception()  # whoever waited may have gone
        else:
            written.set_result(None)
        now = time.monotonic()
        self._next_s = now + _REST * (now - began)

    def _tell(self) -> None:
        with contextlib.suppress(ProcessLookupError):  # it died; a new one has files of its own
            if self._handle >= 0:
                signal.pidfd_send_signal(self._handle, signal.SIGHUP)
            elif not hasattr(os, "pidfd_open"):
                os.kill(self._pid, signal.SIGHUP)
