"""The keys of a hub in a file of its user: they outlive the hub, so its tokens do too.

The newest key signs; one that was replaced is held until its last token has expired. The API key
of the application stands beside them. Commands change the file (`pushlab keys`), and a hub that
runs looks every second whether it is another one, so nothing has to be restarted or told.
"""

import asyncio
import contextlib
import json
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from pushlab.contract.limits import MAX_TOKEN_MINUTES
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import PushlabError, SetupError, UsageError
from pushlab.hub.keys.grants import Grants
from pushlab.hub.keys.private_file import locked, open_private, replace_private

__all__ = [
    "Key",
    "Keyring",
    "change_keyring",
    "journal_of",
    "open_keyring",
    "watching_keys",
]

_KIND, _FORMAT = "pushlab keys", 1
#: A hub may sign with the old key for a moment after the change, and clocks are set.
_SLACK_S = 3_600.0
_LOOK_EVERY_S = 1.0
_END_OF_TIME = 1e11  # the year 5138; what lies beyond was not written by a clock
_MOST_BYTES = 1024 * 1024
_log = logging.getLogger("pushlab")


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    Attributes:
        secret: in hexadecimal.
        made_at, replaced_at: Unix seconds; the newest is not replaced.
    """

    key_id: str
    secret: str = field(repr=False)
    made_at: float
    replaced_at: float | None = None

    @property
    def last_token_ends_at(self) -> float:
        """When no token that it signed can count any more."""
        if self.replaced_at is None:
            return float("inf")
        return self.replaced_at + MAX_TOKEN_MINUTES * 60


def _time(told: object) -> float:
    at = float(told)  # type: ignore[arg-type]  # raises what `from_json` expects
    if not 0 <= at < _END_OF_TIME:
        raise ValueError("no time")
    return at


def _fresh_key(now: float) -> Key:
    [(key_id, secret)] = TokenKeys.fresh().export().items()
    return Key(key_id, secret, now)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys, newest first, and the API key."""

    api_key: str = field(repr=False)
    keys: tuple[Key, ...]

    @classmethod
    def fresh(cls, now: float) -> "Keyring":
        """A new key and a new API key."""
        return cls(secrets.token_urlsafe(24), (_fresh_key(now),))

    def export(self, now: float) -> dict[str, str]:
        """The keys that count, as `TokenKeys.export` gives them."""
        return {key.key_id: key.secret for key in self._counting(now)}

    def _counting(self, now: float) -> tuple[Key, ...]:
        return tuple(key for key in self.keys if key.last_token_ends_at + _SLACK_S > now)

    def rotated(self, now: float) -> "Keyring":
        """With a new key; the last one is held until its tokens have expired, older ones go."""
        newest, *older = self.keys
        keys = (_fresh_key(now), replace(newest, replaced_at=now), *older)
        return replace(self, keys=replace(self, keys=keys)._counting(now))

    def without(self, key_id: str, now: float) -> "Keyring":
        """Without a key, or without any of them (``all``): a new one signs if the newest goes.

        Raises:
            UsageError: there is no such key.
        """
        kept = tuple(key for key in self.keys if key_id not in (key.key_id, "all"))
        if len(kept) == len(self.keys):
            known = ", ".join(key.key_id for key in self.keys)
            raise UsageError(f"there is no key {key_id!r}; there are {known}, and 'all' means each")
        if self.keys[0] not in kept:
            kept = (_fresh_key(now), *kept)
        return replace(self, keys=kept)

    def to_json(self) -> bytes:
        """The file's content; it is a secret."""
        keys = [
            {
                "id": key.key_id,
                "secret": key.secret,
                "made_at": key.made_at,
                "replaced_at": key.replaced_at,
            }
            for key in self.keys
        ]
        told = {"kind": _KIND, "format": _FORMAT, "api_key": self.api_key, "keys": keys}
        return json.dumps(told, indent=2).encode() + b"\n"

    @classmethod
    def from_json(cls, raw: bytes, path: Path) -> "Keyring":
        """The inverse of `to_json`. Raises UsageError; its text shows nothing of the content."""
        try:
            told = json.loads(raw)
            kind, file_format = told["kind"], told["format"]
            if kind == _KIND and isinstance(file_format, int) and file_format > _FORMAT:
                raise UsageError(f"{path} was written by a newer pushlab")
            keys = tuple(
                Key(
                    str(key["id"]),
                    str(key["secret"]),
                    _time(key["made_at"]),
                    None if key["replaced_at"] is None else _time(key["replaced_at"]),
                )
                for key in told["keys"]
            )
            api_key = told["api_key"]
            sound = (kind, file_format) == (_KIND, _FORMAT) and isinstance(api_key, str)
            if (
                sound
                and len(api_key) >= 8
                and api_key.isprintable()
                and keys[0].replaced_at is None
            ):
                TokenKeys.restore({key.key_id: key.secret for key in keys})
                return cls(api_key, keys)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            if isinstance(error, UsageError) and "newer" in str(error):
                raise
        raise UsageError(
            f"{path} is not a file of keys that pushlab wrote; move it away, and a new one is made"
        ) from None


def journal_of(path: Path) -> Path:
    """Where the hub with these keys notes what is revoked."""
    return path.with_name(path.name + ".revoked")


def _read(path: Path) -> Keyring:
    with open_private(path, "rb") as file:
        return Keyring.from_json(file.read(_MOST_BYTES), path)


def open_keyring(path: Path, now: float) -> tuple[Keyring, bool]:
    """The keys at `path`, made there if there are none; and whether they were.

    Raises:
        UsageError: the file can be read by others, or is no file of keys.
        SetupError: it cannot be read or made.
    """
    try:
        with contextlib.suppress(FileNotFoundError):
            return _read(path), False  # a place that can only be read will do
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(path):
            try:
                return _read(path), False
            except FileNotFoundError:
                made = Keyring.fresh(now)
                replace_private(path, made.to_json())
                return made, True
    except OSError as error:
        raise SetupError(f"keys cannot be kept in {path}: {error.strerror}") from error


def change_keyring(path: Path, change: Callable[[Keyring], Keyring]) -> tuple[Keyring, Keyring]:
    """Change the keys at `path`; as they were, and as they are. Raises as `open_keyring`."""
    try:
        _read(path)  # of another user, say: then no lock of ours is left there to be in his way
        with locked(path):
            before = _read(path)
            after = change(before)
            if after != before:
                replace_private(path, after.to_json())
            return before, after
    except FileNotFoundError as error:
        raise UsageError(f"there are no keys in {path}; `pushlab serve` makes them") from error
    except OSError as error:
        raise SetupError(f"{path} cannot be changed: {error.strerror}") from error


class _Watch:
    """Looks whether others have written: keys to a file, or what is revoked to its journal."""

    def __init__(self, grants: Grants, path: Path | None) -> None:
        self._grants = grants
        self._path = path
        self._seen: object = None
        self._said: list[str] = []

    def look(self, now: float) -> None:
        """Take over what is new. What is wrong with a file is logged once; what was, holds."""
        wrong = []
        for read in (self._read_journal, self._read_keys):  # one may be spoilt without the other
            try:
                read(now)
            except (PushlabError, OSError) as error:
                wrong.append(str(error))
        for each in wrong:
            if each not in self._said:
                _log.error("the keys stay as they are: %s", each)
        self._said = wrong

    def _read_journal(self, now: float) -> None:
        self._grants.end_revoked(self._grants.revoked.read_journal())

    def _read_keys(self, now: float) -> None:
        if self._path is None:
            return
        status = self._path.stat()
        sign = (status.st_ino, status.st_mtime_ns, status.st_size, status.st_mode)
        if sign != self._seen:
            self._grants.keys.replace(_read(self._path).export(now))
            self._seen = sign  # not before: what could not be read is read again
            self._grants.keys_changed()


@contextlib.asynccontextmanager
async def watching_keys(
    grants: Grants, path: Path | None, *, wall: Callable[[], float], every_s: float = _LOOK_EVERY_S
) -> AsyncIterator[None]:
    """Take over what others write, while the body runs; None: there is no file of keys."""

    async def look() -> None:
        watch = _Watch(grants, path)
        while True:
            try:
                watch.look(wall())
            except Exception:
                _log.exception("looking for new keys failed")
            await asyncio.sleep(every_s)

    task = asyncio.create_task(look())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
