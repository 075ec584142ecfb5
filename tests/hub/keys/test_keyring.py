"""Keys in a file: made once, rotated without a token lost, and taken over by a hub that runs."""

import json
import logging
import threading
from pathlib import Path

import pytest

from pushlab.contract.tokens import TokenKeys
from pushlab.errors import Refused, SetupError, UsageError
from pushlab.hub.keys.grants import Grants
from pushlab.hub.keys.keyring import Keyring, _Watch, change_keyring, journal_of, open_keyring
from pushlab.hub.keys.revoked import Revocation, Revoked

NOW = 1_000_000.0
DAY_S = 86_400


def test_keys_are_made_once_and_for_this_user_alone(tmp_path):
    path = tmp_path / "state" / "pushlab" / "keys.json"
    first, made = open_keyring(path, NOW)
    again, made_again = open_keyring(path, NOW + 5)
    assert (made, made_again) == (True, False)
    assert first == again
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert len(first.api_key) > 20
    assert first.api_key not in repr(first)
    assert first.keys[0].secret not in repr(first)


def test_of_many_that_start_at_once_one_makes_them(tmp_path):
    path, found = tmp_path / "keys.json", []
    threads = [
        threading.Thread(target=lambda: found.append(open_keyring(path, NOW))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({ring.api_key for ring, _ in found}) == 1
    assert [made for _, made in found].count(True) == 1
    assert not list(tmp_path.glob(".keys.json.?*[!k]")), "no half-made file is left"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o777])
def test_a_file_that_others_can_read_is_refused(tmp_path, mode):
    path = tmp_path / "keys.json"
    open_keyring(path, NOW)
    path.chmod(mode)
    with pytest.raises(UsageError, match="can be read by others") as told:
        open_keyring(path, NOW)
    assert "\n" not in str(told.value)


def _changed(change):
    told = json.loads(Keyring.fresh(NOW).to_json())
    change(told)
    return json.dumps(told)


GARBAGE = [
    "",
    "{",
    "[]",
    "null",
    "\ufffd" * 100,
    "[" * 100_000,
    '{"keys": []}',
    _changed(lambda told: told.update(keys=[])),
    _changed(lambda told: told.pop("api_key")),
    _changed(lambda told: told.update(api_key="short")),
    _changed(lambda told: told.update(kind="other")),
    _changed(lambda told: told["keys"][0].update(secret="not hexadecimal")),
    _changed(lambda told: told["keys"][0].update(secret="ab")),
    _changed(lambda told: told["keys"][0].update(id="a b")),
    _changed(lambda told: told["keys"][0].update(replaced_at=NOW)),
    _changed(lambda told: told["keys"][0].update(made_at=float("inf"))),
    _changed(lambda told: told["keys"][0].update(made_at=float("nan"))),
    _changed(lambda told: told["keys"][0].update(made_at=-1e300)),
    _changed(lambda told: told.update(api_key="two\r\nlines")),
]


@pytest.mark.parametrize("content", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_told_in_one_line_and_left_alone(tmp_path, content):
    path = tmp_path / "keys.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(UsageError, match="not a file of keys") as told:
        open_keyring(path, NOW)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 300
    assert path.read_text() == content


def test_a_newer_format_is_said(tmp_path):
    path = tmp_path / "keys.json"
    path.write_text(_changed(lambda told: told.update(format=2)))
    path.chmod(0o600)
    with pytest.raises(UsageError, match="newer pushlab"):
        open_keyring(path, NOW)


def test_a_place_that_can_only_be_read_will_do(tmp_path, monkeypatch):
    path = tmp_path / "keys.json"
    ring, _ = open_keyring(path, NOW)

    def read_only(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("pushlab.hub.keys.keyring.locked", read_only)
    monkeypatch.setattr(Path, "mkdir", read_only)
    assert open_keyring(path, NOW) == (ring, False)
    with pytest.raises(SetupError, match="Read-only file system"):
        open_keyring(tmp_path / "other.json", NOW)


def test_a_place_where_nothing_can_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be kept in"):
        open_keyring(tmp_path / "file" / "keys.json", NOW)
    with pytest.raises(UsageError, match="there are no keys"):
        change_keyring(tmp_path / "none.json", lambda ring: ring)
    assert list(tmp_path.glob(".none.json*")) == [], (
        "a lock of ours, in the way of the file's owner"
    )


# ---- rotating ---------------------------------------------------------------------------------


def test_an_old_key_is_held_until_its_last_token_has_ended():
    ring = Keyring.fresh(NOW)
    keys = TokenKeys.restore(ring.export(NOW))
    token, _ = keys.issue(client_id="a", channel="b", duration_minutes=1_440, now=NOW + 9)
    (old,) = ring.keys
    ring = ring.rotated(NOW + 9)
    assert ring.keys[0].key_id != old.key_id
    assert next(iter(ring.export(NOW + 9))) == ring.keys[0].key_id
    last = NOW + 9 + DAY_S
    assert TokenKeys.restore(ring.export(last - 1)).verify(token, now=last - 1).client_id == "a"
    much_later = last + 2 * 3_600
    assert list(ring.export(much_later)) == [ring.keys[0].key_id]
    assert len(ring.rotated(much_later).keys) == 2, "the oldest went from the file, too"


def test_a_key_or_all_of_them_are_dropped():
    ring = Keyring.fresh(NOW).rotated(NOW).rotated(NOW)
    newest, middle, oldest = (key.key_id for key in ring.keys)
    assert [key.key_id for key in ring.without(middle, NOW).keys] == [newest, oldest]
    fresh, *rest = ring.without(newest, NOW).keys
    assert fresh.key_id not in (newest, middle, oldest)
    assert [key.key_id for key in rest] == [middle, oldest]
    (only,) = ring.without("all", NOW).keys
    assert only.key_id not in (newest, middle, oldest)
    with pytest.raises(UsageError, match=f"there are {newest}, {middle}"):
        ring.without("nothing", NOW)


# ---- a hub that runs --------------------------------------------------------------------------


class Stream:
    ended = None

    def finish(self, reason, status):
        self.ended = reason


def a_watched_hub(folder):
    """The file of a hub's keys, what is in it, what the hub knows of them, and who looks."""
    path = folder / "keys.json"
    ring, _ = open_keyring(path, NOW)
    revoked = Revoked(journal_of(path), now=NOW)
    grants = Grants(TokenKeys.restore(ring.export(NOW)), wall=lambda: NOW, revoked=revoked)
    return path, ring, grants, _Watch(grants, path)


def test_a_hub_takes_over_what_others_write(tmp_path, caplog):
    path, _, grants, watch = a_watched_hub(tmp_path)
    journal = journal_of(path)

    def token():
        watch.look(NOW)
        return grants.keys.issue(client_id="a", channel="b", duration_minutes=5, now=NOW)[0]

    def reason(one):
        watch.look(NOW)
        try:
            grants.verify(one)
        except Refused as refusal:
            return refusal.reason
        return None

    old = token()
    change_keyring(path, lambda ring: ring.rotated(NOW))
    new = token()
    assert old.partition(".")[0] != new.partition(".")[0]
    assert (reason(old), reason(new)) == (None, None)
    stream = Stream()
    grants.hold(grants.verify(old), stream)
    change_keyring(path, lambda ring: ring.without(old.partition(".")[0], NOW))
    assert (reason(old), reason(new)) == ("token-revoked", None)
    assert stream.ended == "token-revoked"

    other = Revoked(journal)  # of another hub with the same keys
    stream = Stream()
    grants.hold(grants.verify(new), stream)
    other.add(Revocation.of_grant(grants.verify(new)))
    assert reason(new) == "token-revoked"
    assert stream.ended == "token-revoked"

    with caplog.at_level(logging.ERROR, "pushlab"):
        path.write_text("garbage")
        for _ in range(3):
            watch.look(NOW)
        path.unlink()
        for _ in range(3):
            watch.look(NOW)
    assert [record.getMessage()[:27] for record in caplog.records] == [
        "the keys stay as they are: "
    ] * 2
    assert reason(token()) is None


def test_what_could_not_be_read_for_a_moment_is_read_again(tmp_path, monkeypatch):
    path, ring, grants, watch = a_watched_hub(tmp_path)
    journal = journal_of(path)
    watch.look(NOW)
    change_keyring(path, lambda ring: ring.without("all", NOW))
    with monkeypatch.context() as patched:

        def fail(*asked):
            raise OSError(24, "Too many open files")

        patched.setattr("pushlab.hub.keys.keyring.open_private", fail)
        watch.look(NOW)
    assert ring.keys[0].key_id in grants.keys
    journal.write_bytes(b"garbage\n")  # which is no reason to miss the keys
    journal.chmod(0o600)
    watch.look(NOW)
    assert ring.keys[0].key_id not in grants.keys


def test_a_link_to_the_keys_stays_one(tmp_path):
    path, link = tmp_path / "keys.json", tmp_path / "link"
    open_keyring(path, NOW)
    link.symlink_to(path)
    change_keyring(link, lambda ring: ring.rotated(NOW))
    assert link.is_symlink()
    assert len(open_keyring(path, NOW)[0].keys) == 2
