"""`pushlab keys`: which keys a hub of this user signs tokens with; and where `serve` has its own.

Each port has a file of its own in the user's state folder, so two hubs on one machine do not take
each other's tokens unless ``--keys`` names one file for both.
"""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pushlab.contract.tokens import TokenKeys
from pushlab.errors import SetupError, UsageError
from pushlab.hub.keys.keyring import Key, Keyring, change_keyring, journal_of, open_keyring
from pushlab.hub.keys.private_file import open_private, state_folder

__all__ = ["ServeKeys", "change_keys", "choose_keys"]


def _keys_path(keys_file: str | None, port: int) -> Path:
    """Where the keys of the hub on `port` are kept. Raises UsageError."""
    return Path(keys_file) if keys_file is not None else state_folder() / f"hub-{port}.json"


@dataclass(frozen=True, slots=True)
class ServeKeys:
    """What `pushlab serve` signs with.

    Attributes:
        keys: as `TokenKeys.export` gives them.
        api_key: the one that is kept, if any is.
        keys_file, revoked_file: as `HubConfig` has them.
        made: whether the file was made just now.
        note: what to tell about it, if anything.
    """

    keys: dict[str, str] = field(repr=False)
    api_key: str | None = field(default=None, repr=False)
    keys_file: str | None = None
    revoked_file: str | None = None
    made: bool = False
    note: str | None = None

    def for_hub(self, api_key: str | None) -> dict[str, Any]:
        """What of it a `HubConfig` has, by the same names; an API key that is given comes first."""
        told: dict[str, Any] = {"keys": self.keys, "api_key": api_key or self.api_key}
        told |= {"keys_file": self.keys_file, "revoked_file": self.revoked_file}
        return {name: value for name, value in told.items() if value is not None}


def choose_keys(
    *, port: int, keys_file: str | None = None, given: str | None = None, fresh: bool = False
) -> ServeKeys:
    """The keys for a hub on `port`: given ones, kept ones, or fresh ones.

    Args:
        keys_file: where they are kept; None: in the state folder, if the port is known beforehand.
        given: ``PUSHLAB_KEYS``: JSON, key id to secret in hexadecimal, newest first.
        fresh: keep nothing.

    Raises:
        UsageError: two of these are asked for; or what is given or kept cannot be used.
        SetupError: nothing can be kept where `keys_file` says.
    """
    asked = {"--fresh-keys": fresh, "PUSHLAB_KEYS": given is not None, "--keys": keys_file}
    if len(both := [name for name, is_asked in asked.items() if is_asked]) > 1:
        raise UsageError(f"{both[0]} and {both[1]} exclude each other; take one of them")
    if fresh or (port == 0 and keys_file is None and given is None):
        return ServeKeys(TokenKeys.fresh().export())
    if given is not None:
        return _given(given, port)
    try:
        path = _keys_path(keys_file, port)
        ring, made = open_keyring(path, time.time())
    except SetupError as error:
        if keys_file is not None:
            raise
        note = f"Note: {error}, so tokens end with this hub (--fresh-keys: as it shall be)."
        return ServeKeys(TokenKeys.fresh().export(), note=note)
    return ServeKeys(
        ring.export(time.time()), ring.api_key, str(path), str(journal_of(path)), made=made
    )


def _given(text: str, port: int) -> ServeKeys:
    try:
        keys = TokenKeys.restore(json.loads(text)).export()
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, UsageError) else "it is not JSON"
        raise UsageError(
            f'PUSHLAB_KEYS must be like {{"k1": "<32 to 64 hexadecimal digits>"}}: {why}'
        ) from None
    journal = journal_of(_keys_path(None, port)) if port else None
    try:
        if journal is None:
            raise OSError(0, "a hub on a free port has no place of its own")
        journal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open_private(journal, "ab"):
            pass
    except OSError as error:
        note = f"Note: a revoked token counts again after a restart: {error.strerror}."
        return ServeKeys(keys, note=note)
    return ServeKeys(keys, revoked_file=str(journal))


def change_keys(*, action: str, key_id: str | None, port: int, keys_file: str | None) -> None:
    """List, rotate or revoke the keys of a hub, which may run meanwhile.

    Raises:
        UsageError: no such file or key, or a file that cannot be used.
        SetupError: the file cannot be changed.
    """
    if (key_id is not None) != (action == "revoke"):
        does = "needs a key's name, or 'all'" if action == "revoke" else "takes no key's name"
        raise UsageError(f"'keys {action}' {does}")
    path, now = _keys_path(keys_file, port), time.time()

    def change(ring: Keyring) -> Keyring:
        if action == "rotate":
            return ring.rotated(now)
        return ring if key_id is None else ring.without(key_id, now)

    before, after = change_keyring(path, change)
    print(f"{path}:")
    for key in after.keys:
        print(f"  {key.key_id:<10} made {_day(key.made_at)}, {_state(key, now)}")
    gone = [key.key_id for key in before.keys if key not in after.keys and key_id is not None]
    gone = [name for name in gone if name not in {key.key_id for key in after.keys}]
    if gone:
        print(f"Tokens of {', '.join(gone)} count no more.")
    if after != before:
        print("A hub that runs with this file takes it over within two seconds.")


def _state(key: Key, now: float) -> str:
    if key.replaced_at is None:
        return "signs"
    if key.last_token_ends_at <= now:
        return "none of its tokens can count any more"
    return f"its last token ends {_day(key.last_token_ends_at)}"


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))
