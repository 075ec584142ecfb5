"""Which tokens count: one rule by the wall clock, whatever it does, and revoking."""

import pytest

from pushlab.contract.tokens import TokenKeys
from pushlab.errors import Refused
from pushlab.hub.keys.grants import Grants
from pushlab.hub.keys.revoked import Revoked


class Standing:
    """What stands on a grant; it remembers how it ended."""

    def __init__(self):
        self.ended = []

    def finish(self, reason, status):
        self.ended.append((reason, status))


class Desk:
    """Grants with a clock that is set by hand."""

    def __init__(self, now=1_000_000.0):
        self.now = now
        self.keys = TokenKeys.fresh()
        self.grants = Grants(self.keys, wall=lambda: self.now)

    def issue(self, client="ann", channel="room", minutes=10):
        token, _ = self.keys.issue(
            client_id=client, channel=channel, duration_minutes=minutes, now=self.now
        )
        return token

    def stand(self, token):
        holder = Standing()
        self.grants.hold(self.grants.verify(token), holder)
        return holder

    def reason(self, token):
        try:
            self.grants.verify(token)
        except Refused as refusal:
            return refusal.reason
        return None


@pytest.fixture
def desk():
    return Desk()


EXPIRED, REVOKED = ("token-expired", 401), ("token-revoked", 401)


# ---- the clock --------------------------------------------------------------------------------


def test_what_stands_on_a_token_ends_with_it_and_not_before(desk):
    holder = desk.stand(desk.issue())
    desk.now += 599.9
    desk.grants.sweep()
    assert holder.ended == []
    desk.now += 0.1
    desk.grants.sweep()
    desk.grants.sweep()
    assert holder.ended == [EXPIRED]
    assert desk.grants.held_count == 0


@pytest.mark.parametrize("step_s", [601, 3_600, 10 * 365 * 86_400], ids=str)
def test_a_clock_set_forward_ends_at_once_what_that_makes_old(desk, step_s):
    token, long = desk.issue(), desk.issue(minutes=1_440)
    holders = desk.stand(token), desk.stand(long)
    desk.now += step_s
    desk.grants.sweep()
    assert holders[0].ended == [EXPIRED]
    assert desk.reason(token) == "token-expired"
    assert holders[1].ended == ([EXPIRED] if step_s > 86_400 else [])


def test_a_clock_set_back_starves_nobody_and_a_stream_ends_when_a_poll_does(desk):
    token = desk.issue()
    holder = desk.stand(token)
    desk.now -= 3_600
    for _ in range(42):
        desk.grants.sweep()
        assert (holder.ended == []) == (desk.reason(token) is None)
        desk.now += 100
    desk.now += 100
    desk.grants.sweep()
    assert holder.ended == [EXPIRED]
    assert desk.reason(token) == "token-expired"


def test_one_that_left_by_itself_is_not_ended(desk):
    token = desk.issue()
    holder, other = desk.stand(token), desk.stand(token)
    desk.grants.let_go(desk.grants.verify(token), holder)
    desk.grants.let_go(desk.grants.verify(token), holder)
    desk.now += 601
    desk.grants.sweep()
    assert (holder.ended, other.ended) == ([], [EXPIRED])


def test_the_end_of_one_may_be_the_end_of_others_and_a_fault_stops_nobody(desk):
    token = desk.issue()
    grant = desk.grants.verify(token)

    class Both(Standing):
        def finish(self, reason, status):
            desk.grants.let_go(grant, second)
            raise RuntimeError("a seeded fault")

    first, second, third = Both(), Standing(), Standing()
    for holder in (first, second, third):
        desk.grants.hold(grant, holder)
    desk.now += 601
    desk.grants.sweep()
    assert (second.ended, third.ended) == ([], [EXPIRED])


def test_a_token_that_is_revoked_while_the_clock_is_ahead_stays_so_when_it_comes_back(desk):
    token = desk.issue()
    desk.now += 3_600
    desk.grants.revoke(token)
    desk.now -= 3_600
    assert desk.reason(token) == "token-revoked"


# ---- revoking ---------------------------------------------------------------------------------


def test_a_revoked_token_counts_no_more_and_ends_what_stands_on_it(desk):
    token, other = desk.issue(), desk.issue()
    holders = desk.stand(token), desk.stand(token), desk.stand(other)
    assert desk.grants.revoke(token) == 2
    assert [holder.ended for holder in holders] == [[REVOKED], [REVOKED], []]
    assert (desk.reason(token), desk.reason(other)) == ("token-revoked", None)
    assert desk.grants.revoke(token) == 0


def test_what_is_no_token_is_not_revoked(desk):
    good = desk.issue()
    foreign, _ = TokenKeys.fresh().issue(client_id="a", channel="b", duration_minutes=1, now=0)
    for text in ("", "x", good + "x", good[:-1], foreign):
        with pytest.raises(Refused) as told:
            desk.grants.revoke(text)
        assert (told.value.status, told.value.reason) == (404, "token-invalid")
        assert not text or len(text) < 9 or text not in told.value.detail
    assert desk.reason(good) is None


def test_all_of_a_client_up_to_now_and_new_ones_count_even_in_the_same_moment(desk):
    tokens = [desk.issue("ann", "room"), desk.issue("ann", "hall"), desk.issue("bob", "room")]
    holders = [desk.stand(token) for token in tokens]
    assert desk.grants.revoke_all("ann", None) == 2
    assert [desk.reason(token) for token in tokens] == ["token-revoked", "token-revoked", None]
    assert [holder.ended for holder in holders] == [[REVOKED], [REVOKED], []]
    assert desk.reason(desk.issue("ann", "room")) is None


@pytest.mark.parametrize("step_s", [-3_600, 3_600])
def test_a_clock_that_is_set_between_does_not_hide_a_token_nor_spoil_a_new_one(desk, step_s):
    before = desk.issue()
    desk.now += step_s
    desk.grants.revoke_all("ann", None)
    desk.now -= step_s
    after = desk.issue()
    assert (desk.reason(before), desk.reason(after)) == ("token-revoked", None)


def test_after_a_restart_a_clock_behind_the_tokens_does_not_hide_those_that_were_seen(desk):
    token = desk.issue()
    desk.keys = TokenKeys.restore(desk.keys.export())
    desk.now -= 500
    desk.grants = Grants(desk.keys, wall=lambda: desk.now)
    holder = desk.stand(token)
    desk.grants.revoke_all(None, "room")
    assert holder.ended == [REVOKED]
    assert desk.reason(token) == "token-revoked"
    assert desk.reason(desk.issue()) is None


@pytest.mark.parametrize("restarted", [True, False])
def test_a_clock_behind_the_one_that_revoked_spoils_no_new_token(desk, restarted, tmp_path):
    journal, before, behind = tmp_path / "revoked", desk.issue(), desk.now - 500
    keys = TokenKeys.restore(desk.keys.export())
    beside = Grants(keys, wall=lambda: behind, revoked=Revoked(journal))
    Grants(desk.keys, wall=lambda: desk.now, revoked=Revoked(journal)).revoke_all("ann", None)
    if restarted:
        beside = Grants(keys, wall=lambda: behind, revoked=Revoked(journal, now=behind))
    else:  # another hub with the same keys
        beside.end_revoked(beside.revoked.read_journal())
    desk.keys, desk.grants, desk.now = keys, beside, behind
    assert (desk.reason(before), desk.reason(desk.issue())) == ("token-revoked", None)


def test_a_key_that_is_dropped_takes_its_tokens_along(desk):
    old, holder = desk.issue(), None
    holder = desk.stand(old)
    fresh = TokenKeys.fresh().export()
    desk.keys.replace({**fresh, **desk.keys.export()})
    desk.grants.keys_changed()
    new = desk.issue()
    newer = desk.stand(new)
    assert (desk.reason(old), desk.reason(new), holder.ended) == (None, None, [])
    desk.keys.replace(fresh)
    assert desk.grants.keys_changed() == 1
    assert (desk.reason(old), holder.ended) == ("token-revoked", [REVOKED])
    assert (desk.reason(new), newer.ended) == (None, [])
