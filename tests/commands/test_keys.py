"""`pushlab keys`, and the keys of `pushlab serve`: kept for each port, given, or fresh."""

import json

import pytest

from pushlab.cli import main
from pushlab.commands.keys import choose_keys
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import SetupError, UsageError

GIVEN = TokenKeys.fresh().export()


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "pushlab"


def test_each_port_keeps_its_own_and_a_file_is_shared_when_it_is_named(state, tmp_path):
    first, again, other = choose_keys(port=1), choose_keys(port=1), choose_keys(port=2)
    assert (first.made, again.made) == (True, False)
    assert (first.keys, first.api_key) == (again.keys, again.api_key)
    assert first.keys != other.keys
    assert first.api_key != other.api_key
    assert first.keys_file == str(state / "hub-1.json")
    shared = str(tmp_path / "shared.json")
    assert choose_keys(port=1, keys_file=shared).keys == choose_keys(port=2, keys_file=shared).keys
    assert first.api_key not in repr(first)


def test_a_free_port_and_who_asks_for_it_gets_fresh_ones_and_nothing_is_kept(state):
    for more in ({"port": 0}, {"port": 1, "fresh": True}):
        chosen = choose_keys(**more)
        assert (chosen.keys_file, chosen.revoked_file, chosen.api_key) == (None, None, None)
    assert not state.exists()


def test_given_ones_count_and_what_is_revoked_is_kept_beside(state):
    chosen = choose_keys(port=1, given=json.dumps(GIVEN))
    assert chosen.keys == GIVEN
    assert chosen.keys_file is None
    assert chosen.revoked_file == str(state / "hub-1.json.revoked")
    assert chosen.note is None
    assert "counts again after a restart" in choose_keys(port=0, given=json.dumps(GIVEN)).note


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", "5", '{"k": 5}', '{"k": "zz"}', '{"k": "abcd"}', '{"": "ab"}']
)
def test_given_ones_that_cannot_be_are_told_without_showing_them(text):
    with pytest.raises(UsageError, match="PUSHLAB_KEYS must be like") as told:
        choose_keys(port=1, given=text)
    assert "\n" not in str(told.value)
    assert "abcd" not in str(told.value)


def test_two_wishes_are_one_too_many():
    for more in ({"fresh": True, "keys_file": "x"}, {"fresh": True, "given": "{}"}):
        with pytest.raises(UsageError, match="exclude each other"):
            choose_keys(port=1, **more)


def test_where_nothing_can_be_kept_the_hub_serves_and_says_so_unless_a_file_was_named(
    tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    chosen = choose_keys(port=1)
    assert "tokens end with this hub" in chosen.note
    with pytest.raises(SetupError, match="cannot be kept"):
        choose_keys(port=1, keys_file=str(tmp_path / "file" / "keys.json"))


def test_the_command_lists_rotates_and_revokes(capsys):
    chosen = choose_keys(port=8000)
    (old,) = chosen.keys
    assert main(["keys", "list"]) == 0
    assert f"{old}" in capsys.readouterr().out
    assert main(["keys", "rotate"]) == 0
    told = capsys.readouterr().out
    new, kept = choose_keys(port=8000).keys
    assert kept == old
    assert f"{new:<10} made" in told
    assert "signs" in told.splitlines()[1]
    assert "its last token ends" in told.splitlines()[2]
    assert main(["keys", "revoke", old]) == 0
    told = capsys.readouterr().out
    assert f"Tokens of {old} count no more." in told
    assert list(choose_keys(port=8000).keys) == [new]
    secrets = [chosen.api_key, *chosen.keys.values(), *choose_keys(port=8000).keys.values()]
    assert not any(secret in told for secret in secrets)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("keys list", "there are no keys in"),
        ("keys revoke", "needs a key's name"),
        ("keys rotate k1", "takes no key's name"),
        ("keys revoke k1 --keys nothing.json", "there are no keys in nothing.json"),
    ],
)
def test_a_mistake_is_one_line(words, why, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words.split()) == 2
    told = capsys.readouterr().err
    assert why in told
    assert told.count("\n") == 1
