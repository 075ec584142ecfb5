"""Files of one user: where they are, whose they are, and that they are never half there."""

import os

import pytest

from pushlab.errors import SetupError, UsageError
from pushlab.hub.keys.private_file import open_private, replace_private, state_folder


def test_the_state_folder_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "pushlab"
    monkeypatch.setenv("HOME", "/home/ada")
    for ignored in ("", "relative/folder"):
        monkeypatch.setenv("XDG_STATE_HOME", ignored)
        monkeypatch.setattr("sys.platform", "linux")
        assert str(state_folder()) == "/home/ada/.local/state/pushlab"


def test_no_home_is_one_line(monkeypatch):
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr("pathlib.Path.home", lambda: (_ for _ in ()).throw(RuntimeError("no")))
    with pytest.raises(SetupError, match="no home folder"):
        state_folder()


def test_what_is_made_is_private_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        with open_private(tmp_path / "a", "ab") as file:
            file.write(b"x")
        replace_private(tmp_path / "b", b"y")
    finally:
        os.umask(before)
    for name in "ab":
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_another_users_file_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a"
    replace_private(path, b"x")
    uid = path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    if uid == 0:
        with open_private(path, "rb") as file:
            assert file.read() == b"x", "root's own are trusted"
    else:
        with pytest.raises(UsageError, match="another user"), open_private(path, "rb"):
            pass


def test_a_replacement_that_fails_leaves_the_old_one_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a"
    replace_private(path, b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
