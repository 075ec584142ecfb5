"""What is revoked stays so, in memory and in its journal, and is forgotten when that is safe."""

import pytest

from pushlab.contract.tokens import Grant
from pushlab.errors import Refused, UsageError
from pushlab.hub.keys import revoked as module
from pushlab.hub.keys.revoked import Revocation, Revoked

DAY_S = 86_400


def grant(client="ann", channel="room", order=100, end=7_200.0):
    return Grant(client, channel, end, f"{order:013x}abc")


def test_one_grant_and_no_other():
    revoked = Revoked()
    revoked.add(Revocation.of_grant(grant()))
    assert revoked.covers(grant())
    assert not revoked.covers(grant(order=101))


@pytest.mark.parametrize(
    ("client", "channel", "hit"),
    [
        ("ann", None, {("ann", "room"), ("ann", "hall")}),
        (None, "room", {("ann", "room"), ("bob", "room")}),
        ("ann", "room", {("ann", "room")}),
        (None, None, {("ann", "room"), ("ann", "hall"), ("bob", "room"), ("bob", "hall")}),
    ],
)
def test_all_of_a_client_a_channel_both_or_everybody_up_to_then(client, channel, hit):
    revoked = Revoked()
    revoked.add(Revocation.of_all(client, channel, order=500, now=0))
    everyone = {(who, where) for who in ("ann", "bob") for where in ("room", "hall")}
    assert {pair for pair in everyone if revoked.covers(grant(*pair, order=500))} == hit
    assert not any(revoked.covers(grant(*pair, order=501)) for pair in everyone)


def test_an_earlier_rule_does_not_undo_a_later_one():
    revoked = Revoked()
    revoked.add(Revocation.of_all("ann", None, order=500, now=0))
    revoked.add(Revocation.of_all("ann", None, order=300, now=0))
    assert revoked.covers(grant(order=400))


def test_it_is_kept_over_a_restart_until_a_day_after_the_tokens_end(tmp_path):
    journal = tmp_path / "revoked"
    first = Revoked(journal)
    first.add(Revocation.of_grant(grant()))
    first.add(Revocation.of_all("bob", None, order=500, now=0))
    assert journal.stat().st_mode & 0o777 == 0o600
    again = Revoked(journal, now=7_200 + DAY_S - 1)
    assert again.covers(grant())
    assert again.covers(grant("bob"))
    later = Revoked(journal, now=7_201 + DAY_S)
    assert not later.covers(grant())
    assert later.covers(grant("bob")), "a token that was new then lives longer"
    assert len(Revoked(journal, now=3 * DAY_S)) == 0


def test_a_line_that_a_crash_cut_short_spoils_no_other(tmp_path):
    journal = tmp_path / "revoked"
    Revoked(journal).add(Revocation.of_grant(grant(order=1)))
    whole = journal.read_bytes()
    for length in range(len(whole)):
        journal.write_bytes(whole + whole[:length])
        Revoked(journal).add(Revocation.of_grant(grant(order=2)))
        found = Revoked(journal)
        assert found.covers(grant(order=1))
        assert found.covers(grant(order=2)), length


@pytest.mark.parametrize(
    "spoilt",
    [
        '"until": 1e999, "grant_id": "a", "client_id": null, "channel": null, "order": 0}',
        '"until": 9e9, "grant_id": ["a"], "client_id": null, "channel": null, "order": 0}',
        '"until": 9e9, "grant_id": null, "client_id": {}, "channel": null, "order": 0}',
        '"until": 9e9, "grant_id": null, "client_id": "a", "channel": null, "order": 1e999}',
        '"until": ' + "[" * 100_000,
    ],
    ids=range(5),
)
def test_a_spoilt_line_spoils_no_other(tmp_path, spoilt):
    journal = tmp_path / "revoked"
    Revoked(journal).add(Revocation.of_grant(grant(order=1)))
    with journal.open("ab") as file:
        file.write(b"{" + spoilt.encode() + b"\n")
    Revoked(journal).add(Revocation.of_grant(grant(order=2)))
    found = Revoked(journal)
    assert (found.covers(grant(order=1)), found.covers(grant(order=2)), len(found)) == (
        True,
        True,
        2,
    )


def test_garbage_and_open_files_are_refused_in_one_line(tmp_path):
    journal = tmp_path / "revoked"
    journal.write_bytes(b"\x7fELF something else\n")
    journal.chmod(0o600)
    with pytest.raises(UsageError, match="not a list of revoked tokens"):
        Revoked(journal)
    journal.write_bytes(b"")
    journal.chmod(0o644)
    journal.write_bytes(b"x\n")
    with pytest.raises(UsageError, match="can be read by others"):
        Revoked(journal)


def test_another_hub_with_the_same_journal_learns_of_it(tmp_path):
    journal = tmp_path / "revoked"
    one, two = Revoked(journal), Revoked(journal)
    one.add(Revocation.of_grant(grant()))
    assert one.read_journal() == [], "its own is not new to it"
    assert [each.grant_id for each in two.read_journal()] == [grant().grant_id]
    two.add(Revocation.of_grant(grant(order=7)))
    one.add(Revocation.of_grant(grant(order=8)))
    assert [each.grant_id for each in one.read_journal()][:1] == [grant(order=7).grant_id]
    assert [each.grant_id for each in two.read_journal()] == [grant(order=8).grant_id]
    assert two.covers(grant())
    assert two.read_journal() == []


def test_the_journal_does_not_grow_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_SPARE_LINES", 4)
    journal = tmp_path / "revoked"
    revoked, other = Revoked(journal), Revoked(journal)
    for order in range(20):
        revoked.add(Revocation.of_grant(grant(order=order, end=order)))
    other.read_journal()
    revoked.read_journal()
    revoked.prune(DAY_S + 15.5)
    assert len(revoked) == 4
    assert len([line for line in journal.read_bytes().splitlines() if line]) == 4
    assert journal.stat().st_mode & 0o777 == 0o600
    revoked.add(Revocation.of_grant(grant(order=99)))
    other.read_journal()
    assert other.covers(grant(order=99)), "the file it had read was another one"


def test_the_number_is_bounded_and_everybody_still_goes(monkeypatch):
    monkeypatch.setattr(module, "_MOST", 3)
    revoked = Revoked()
    for order in range(3):
        revoked.add(Revocation.of_grant(grant(order=order)))
    for more in (Revocation.of_grant(grant(order=9)), Revocation.of_all("a", None, order=1, now=0)):
        with pytest.raises(Refused) as told:
            revoked.add(more)
        assert told.value.reason == "too-many-revoked"
    revoked.add(Revocation.of_all(None, None, order=50, now=0))
    assert revoked.covers(grant(order=9))


def test_what_cannot_be_written_down_is_revoked_and_told(tmp_path):
    journal = tmp_path / "no such folder" / "revoked"
    revoked = Revoked(journal)
    with pytest.raises(Refused) as told:
        revoked.add(Revocation.of_grant(grant()))
    assert (told.value.status, told.value.reason) == (507, "not-kept")
    assert revoked.covers(grant())
