"""Revoked grants: single ones, and all that a client or a channel was given before some moment.

Whether a grant is revoked is asked once for each token that the hub does not know yet, and costs a
few look-ups however many are revoked. A revocation is kept until no token that it is about can be
valid; beside kept keys it is kept in a file too, one line of JSON for each (a journal).

A rule about many grants goes by their order and not by the clock, which may be set back.
"""

import json
import logging
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pushlab.contract.limits import MAX_TOKEN_MINUTES
from pushlab.contract.reasons import Reason
from pushlab.contract.tokens import Grant
from pushlab.errors import UsageError
from pushlab.hub.keys.private_file import locked, open_private, replace_private

__all__ = ["NOT_KEPT", "TOO_MANY_REVOKED", "Revocation", "Revoked"]

#: After its tokens' end, for a clock that was set forward and comes back.
_SLACK_S = 86_400.0
_MOST = 100_000
_SPARE_LINES = 1_000  # of the journal, before it is written anew
_log = logging.getLogger("pushlab")
TOO_MANY_REVOKED = Reason(
    429,
    "too-many-revoked",
    f"{_MOST:,} tokens are revoked already; revoke all of a client, of a channel, or all there are",
)
_NOT_WRITTEN = "it is revoked until the hub restarts; it could not be written down"
NOT_KEPT = Reason(507, "not-kept", f"{_NOT_WRITTEN}: No space left on device")
_BEGINNING = b'{"until"'


@dataclass(frozen=True, slots=True)
class Revocation:
    """One grant, or (`grant_id` is None) all up to `order` of a client, a channel, both, or all.

    Attributes:
        until: the last of its tokens has expired by then (Unix seconds).
    """

    until: float
    grant_id: str | None = None
    client_id: str | None = None
    channel: str | None = None
    order: int = 0

    @classmethod
    def of_grant(cls, grant: Grant) -> "Revocation":
        """Of this one."""
        return cls(until=grant.expires_at, grant_id=grant.grant_id)

    @classmethod
    def of_all(
        cls, client_id: str | None, channel: str | None, *, order: int, now: float
    ) -> "Revocation":
        """Of all up to `order` that this client has, on this channel; None: on any, or anybody."""
        until = now + MAX_TOKEN_MINUTES * 60
        return cls(until=until, client_id=client_id, channel=channel, order=order)

    def covers(self, grant: Grant) -> bool:
        """Whether it revokes this grant."""
        if self.grant_id is not None:
            return grant.grant_id == self.grant_id
        if self.client_id is not None and self.client_id != grant.client_id:
            return False  # in these steps, for a hub may ask it of all its tokens
        if self.channel is not None and self.channel != grant.channel:
            return False
        return grant.order <= self.order


class Revoked:
    """What is revoked now.

    Args:
        journal: where it is kept; None: in memory alone.
        now: Unix seconds.

    Raises:
        UsageError: the journal can be read by others, or is none.
    """

    def __init__(self, journal: Path | None = None, *, now: float = 0.0) -> None:
        self._grants: dict[str, Revocation] = {}
        self._rules: dict[tuple[str | None, str | None], Revocation] = {}
        self._journal = journal
        self._read = (0, 0)  # the journal that was read, and how far
        self._lines = 0
        if journal is not None:
            self.read_journal()
            self.prune(now)

    @classmethod
    def of(cls, revocations: Sequence[Revocation]) -> "Revoked":
        """These, to be asked about."""
        made = cls()
        for each in revocations:
            made._note(each)
        return made

    def __len__(self) -> int:
        return len(self._grants) + len(self._rules)

    @property
    def last_order(self) -> int:
        """Up to which grants are revoked by rules; those to come shall be numbered behind it."""
        return max((rule.order for rule in self._rules.values()), default=0)

    def covers(self, grant: Grant) -> bool:
        """Whether this grant is revoked."""
        if grant.grant_id in self._grants:
            return True
        if not self._rules:
            return False
        client, channel, order = grant.client_id, grant.channel, grant.order
        for key in ((None, None), (client, None), (None, channel), (client, channel)):
            rule = self._rules.get(key)
            if rule is not None and order <= rule.order:
                return True
        return False

    def add(self, revocation: Revocation) -> None:
        """Revoke, from now on and after a restart.

        Raises:
            Refused: 429, and nothing is revoked: too many are. 507: it is revoked, but not beyond a
                restart.
        """
        everybody = (revocation.grant_id, revocation.client_id, revocation.channel) == (None,) * 3
        if len(self) >= _MOST and not everybody:
            raise TOO_MANY_REVOKED()
        self._note(revocation)
        if self._journal is not None:
            try:
                with locked(self._journal), open_private(self._journal, "ab") as file:
                    here = (os.fstat(file.fileno()).st_ino, file.seek(0, os.SEEK_END))
                    file.write(_line(revocation))
                    file.flush()
                    os.fsync(file.fileno())
                    if here == self._read or here[1] == 0:  # nobody else wrote anything new
                        self._read = here[0], file.tell()
                        self._lines += 1
            except OSError as error:
                raise NOT_KEPT(f"{_NOT_WRITTEN}: {error.strerror}") from error

    def note(self, revocations: Sequence[Revocation]) -> None:
        """Revoke what others have revoked, who keep it."""
        for each in revocations:
            self._note(each)

    def all(self) -> list[Revocation]:
        """Every one of them."""
        return [*self._rules.values(), *self._grants.values()]

    def _note(self, revocation: Revocation) -> None:
        if revocation.grant_id is not None:
            self._grants[revocation.grant_id] = revocation
        else:
            key = (revocation.client_id, revocation.channel)
            known = self._rules.get(key)
            if known is None or known.order <= revocation.order:
                self._rules[key] = revocation
            if key == (None, None):  # those before it say nothing more
                self._rules = {
                    at: each
                    for at, each in self._rules.items()
                    if at == key or each.order > revocation.order
                }

    def prune(self, now: float) -> None:
        """Forget those whose tokens have expired long ago, in the journal too now and then."""
        gone = now - _SLACK_S
        self._grants = {key: each for key, each in self._grants.items() if each.until > gone}
        self._rules = {key: each for key, each in self._rules.items() if each.until > gone}
        if self._journal is not None and self._lines > 2 * len(self) + _SPARE_LINES:
            try:
                self._write_anew(self._journal)
            except OSError as error:
                _log.error("%s could not be written anew: %s", self._journal, error.strerror)
                self._lines = 0

    def _write_anew(self, journal: Path) -> None:
        with locked(journal):
            self.read_journal()
            kept = self.all()
            replace_private(journal, b"".join(map(_line, kept)))
            self._lines = len(kept)

    def read_journal(self) -> list[Revocation]:
        """Take in what the journal has that is new; perhaps another hub wrote it.

        Raises:
            UsageError: it can be read by others, or is none.
            OSError: it cannot be read.
        """
        journal = self._journal
        if journal is None:
            return []
        known, done = self._read
        try:
            status = journal.stat()
            if (status.st_ino, status.st_size) == self._read:
                return []
            if status.st_ino != known or status.st_size < done:
                done = self._lines = 0  # it was written anew
            with open_private(journal, "rb") as file:
                file.seek(done)
                raw = file.read()
        except FileNotFoundError:
            return []
        whole = raw[: raw.rfind(b"\n") + 1]  # the rest is still being written, or never will be
        lines = [line for line in whole.splitlines() if line]
        read = [_revocation(line, journal) for line in lines]
        found = [each for each in read if each is not None]
        for each in found:
            self._note(each)
        self._read = status.st_ino, done + len(whole)
        self._lines += len(lines)
        return found


def _line(revocation: Revocation) -> bytes:
    # A line before it that was cut short by a crash does not spoil this one.
    return b"\n" + json.dumps(asdict(revocation)).encode() + b"\n"


def _revocation(line: bytes, journal: Path) -> Revocation | None:
    """A line of the journal; None for the rest of one that a crash cut short."""
    try:
        told = json.loads(line)
        until, order = float(told["until"]), int(told["order"])
        names = told["grant_id"], told["client_id"], told["channel"]
        if not (math.isfinite(until) and all(isinstance(name, str | None) for name in names)):
            raise ValueError("no revocation")
        return Revocation(until, *names, order)
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        if line.startswith(_BEGINNING) or _BEGINNING.startswith(line):
            return None
        raise UsageError(
            f"{journal} is not a list of revoked tokens that pushlab wrote; move it away"
        ) from error
