"""The suite is worth what it catches: each broken transport must fail the clause that it breaks."""

import pytest

from pushlab.testing import ContractBroken, Null, TransportContract
from pushlab.testing.judge import shorter_limits
from tests.testing import broken_transports as broken

BUGS = [
    (broken.DropsEveryTenth, "test_order_and_exactly_once", "in order, each exactly once"),
    (broken.DeliversTwice, "test_order_and_exactly_once", "in order, each exactly once"),
    (broken.Reorders, "test_order_and_exactly_once", "in order, each exactly once"),
    (broken.DropsEveryTenth, "test_fan_out", "reaches everyone"),
    (broken.LeaksBetweenChannels, "test_channels_do_not_leak", "its own readers and nobody else"),
    (broken.StripsSpaces, "test_any_text", "Any text arrives unchanged"),
    (broken.MovesLineEnds, "test_any_text", "Any text arrives unchanged"),
    (broken.StripsSpaces, "test_any_text_replayed", "replayed arrives unchanged"),
    (broken.IgnoresTheCursor, "test_resume_behind_a_message", "gets what it missed"),
    (broken.IgnoresTheCursor, "test_resume_before_any_message", "before any message came"),
    (broken.ReplaysOneTooFew, "test_resume_behind_a_message", "gets what it missed"),
    (broken.HasAHoleAtTheHandover, "test_handover", "hand-over from replay to live"),
    (broken.HidesGaps, "test_retention_overflow", "says how many messages were missed"),
    (broken.CountsGapsWrongly, "test_retention_overflow", "says how many messages were missed"),
    (broken.HidesGaps, "test_restart_is_a_gap", "begun anew is told of a gap"),
    (broken.HidesGaps, "test_server_lost", "is told of a gap"),
    (broken.GivesUpOnALoss, "test_clean_stop", "tells its readers to come back"),
    (broken.GivesUpOnALoss, "test_server_lost", "the reader comes back"),
    (broken.SilentWhenNobodyServes, "test_server_lost", "lost in mid-stream is reported"),
    (broken.AcceptsForgedTokens, "test_forged_token", "forged token is refused"),
    (broken.AcceptsRevokedKeys, "test_revoked_key", "token-revoked"),
    (broken.RemembersWhoWasLetIn, "test_forged_token_after_a_good_one", "refused unless it is a"),
    (broken.RemembersWhatAClientMayRead, "test_forged_token_after_a_good_one", "its own channel"),
    (broken.AcceptsForgedTokens, "test_forged_token_after_a_good_one", "refused unless it is a"),
    (broken.ForgetsWhatIsRevoked, "test_revoked_token", "A revoked token is refused"),
    (
        broken.LetsOpenConnectionsOutliveARevocation,
        "test_revoked_token",
        "ends an open connection so",
    ),
    (
        broken.ReadsTheSeqAloneOnceItHasDropped,
        "test_cursor_of_another_log",
        "never met with silence",
    ),
    (broken.TakesEveryEpochForItsOwn, "test_cursor_of_another_log", "never met with silence"),
    (broken.HidesGaps, "test_cursor_of_another_log", "never met with silence"),
    (broken.TakesACursorAheadForTheNewest, "test_cursor_ahead", "400 invalid-cursor"),
    (broken.IgnoresExpiry, "test_expired_token", "An expired token is refused"),
    (
        broken.LetsOpenConnectionsOutliveTheirToken,
        "test_expiry_mid_stream",
        "ends an open connection",
    ),
    (broken.PresenceNeverLeaves, "test_presence", "goes when its last connection leaves"),
    (broken.PresenceForgetsTheClientId, "test_odd_client_ids", "names each as it is"),
    (broken.HitsAreNotCounted, "test_hits", "hits that the server counts"),
    (broken.SlowReaderBlocksEveryone, "test_stalled_reader", "hurts only itself"),
    (broken.NeverCutsASlowReader, "test_stalled_reader", "hurts only itself"),
    (broken.CloseHangs, "test_leaving_is_prompt", "Leaving is prompt"),
]


def suite_for(kind: type, place: str = "in-process") -> type[TransportContract]:
    return type(f"Suite{kind.__name__}", (TransportContract,), {"transport": kind, "place": place})


def run_clause(suite: type[TransportContract], clause: str) -> None:
    suite.setup_class()
    try:
        getattr(suite(), clause)()
    finally:
        suite.teardown_class()


@pytest.fixture
def impatient():
    """What will never come need not be waited for as long as elsewhere."""
    with shorter_limits(0.05):
        yield


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("kind", "clause", "names"), BUGS, ids=[f"{kind.__name__}-{clause}" for kind, clause, _ in BUGS]
)
def test_a_broken_transport_is_caught_and_the_clause_is_named(kind, clause, names):
    with pytest.raises(ContractBroken) as caught:
        run_clause(suite_for(kind), clause)
    text = str(caught.value)
    assert "breaks the contract" in text
    assert names in text.split("What happened")[0]


@pytest.mark.parametrize("clause", sorted({clause for _, clause, _ in BUGS}))
def test_the_reference_passes_what_the_broken_ones_fail(clause):
    run_clause(suite_for(Null), clause)


@pytest.mark.usefixtures("impatient")
def test_a_broken_wire_is_caught_over_a_real_hub():
    suite = suite_for(broken.SseThatEndsItsDataAtALineEnd, "process")
    with pytest.raises(ContractBroken, match="Any text arrives unchanged") as caught:
        run_clause(suite, "test_any_text")
    assert "sse-broken" in str(caught.value)
    run_clause(suite, "test_a_new_reader_starts_from_now")


def test_more_than_ten_different_bugs_are_known():
    assert len({kind for kind, _, _ in BUGS}) >= 10


def test_every_clause_is_a_promise_in_words():
    clauses = [name for name in dir(TransportContract) if name.startswith("test_")]
    assert len(clauses) >= 25
    for name in clauses:
        promise = getattr(TransportContract, name).__doc__
        assert promise.endswith("."), name
        assert len(promise.split()) >= 6, name
