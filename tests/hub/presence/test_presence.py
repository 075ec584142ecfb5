"""Presence: one coming and one going each, in order."""

import pytest

from pushlab.hub.presence.presence import Presence, PresenceEvent


@pytest.fixture
def presence():
    return Presence()


@pytest.fixture
def told(presence):
    events = []
    presence.listen(lambda event: events.append((event.client_id, event.channel, event.connected)))
    return events


# ---- who is there -----------------------------------------------------------------------------


def test_two_connections_of_a_client_are_one_presence(presence, told):
    presence.join("room", "ann")
    presence.join("room", "ann")
    presence.leave("room", "ann")
    assert presence.present("room") == ["ann"]
    presence.leave("room", "ann")
    assert presence.present("room") == []
    assert told == [("ann", "room", True), ("ann", "room", False)]


def test_a_leave_without_a_join_is_nothing(presence, told):
    presence.leave("room", "ann")
    presence.join("room", "ann")
    assert presence.present("room") == ["ann"]
    assert told == [("ann", "room", True)]


def test_channels_and_clients_are_kept_apart(presence, told):
    presence.join("a", "ann")
    presence.join("b", "ann")
    presence.join("b", "bob")
    presence.leave("a", "ann")
    assert presence.present("a") == []
    assert presence.present("b") == ["ann", "bob"]
    assert presence.total() == 2
    assert (presence.elsewhere("a"), presence.elsewhere("b")) == (2, 0)
    assert presence.channels() == {"b"}
    assert presence.pairs() == {("b", "ann"), ("b", "bob")}
    assert [connected for *_, connected in told] == [True, True, True, False]


def test_a_lease_ends_when_it_runs_out_and_not_before(presence, told):
    presence.lease("room", "ann", until_ns=100)
    presence.sweep(99)
    assert presence.present("room") == ["ann"]
    presence.sweep(100)
    assert presence.present("room") == []
    presence.sweep(101)
    assert told == [("ann", "room", True), ("ann", "room", False)]


def test_a_later_lease_counts_even_a_shorter_one(presence, told):
    presence.lease("room", "ann", until_ns=100)
    presence.lease("room", "ann", until_ns=200)
    presence.sweep(150)
    assert presence.present("room") == ["ann"]
    presence.lease("room", "ann", until_ns=160)
    presence.sweep(170)
    assert presence.present("room") == []
    assert len(told) == 2


def test_a_goodbye_ends_a_lease_at_once(presence, told):
    presence.lease("room", "ann", until_ns=100)
    presence.release("room", "ann")
    presence.release("room", "ann")
    assert told == [("ann", "room", True), ("ann", "room", False)]


def test_the_goodbye_of_one_page_is_not_that_of_another(presence, told):
    presence.lease("room", "ann", 100, "one")
    presence.lease("room", "ann", 100, "two")
    presence.lease("room", "ann", 110, "one")
    presence.release("room", "ann", "one")
    presence.lease("room", "ann", 120, "two")
    assert told == [("ann", "room", True)]
    presence.release("room", "ann", "two")
    assert told == [("ann", "room", True), ("ann", "room", False)]


def test_a_page_that_says_nothing_more_ends_no_other(presence, told):
    presence.lease("room", "ann", 300, "seldom")
    presence.lease("room", "ann", 100, "often")
    presence.sweep(100)
    assert presence.present("room") == ["ann"]
    presence.lease("room", "ann", 200, "often")
    presence.release("room", "ann", "seldom")
    presence.sweep(199)
    assert told == [("ann", "room", True)]
    presence.sweep(200)
    assert told == [("ann", "room", True), ("ann", "room", False)]


def test_a_client_that_is_about_to_come_back_has_not_gone(presence, told):
    presence.leave("room", "ann", until_ns=200)  # who was not there does not stay
    presence.sweep(200)
    presence.join("room", "ann")
    presence.leave("room", "ann", until_ns=200)
    presence.join("room", "ann")
    presence.sweep(200)
    assert told == [("ann", "room", True)]
    presence.lease("room", "ann", until_ns=400)
    presence.leave("room", "ann", until_ns=300)  # the sooner word does not count
    presence.sweep(399)
    assert told == [("ann", "room", True)]
    presence.sweep(400)
    assert told == [("ann", "room", True), ("ann", "room", False)]


def test_a_connection_outlasts_a_lease_and_the_other_way_round(presence, told):
    presence.lease("room", "ann", until_ns=100)
    presence.join("room", "ann")
    presence.sweep(100)
    presence.leave("room", "ann")
    presence.join("room", "bob")
    presence.lease("room", "bob", until_ns=200)
    presence.leave("room", "bob")
    assert presence.present("room") == ["bob"]
    presence.sweep(200)
    assert told == [
        ("ann", "room", True),
        ("ann", "room", False),
        ("bob", "room", True),
        ("bob", "room", False),
    ]


def test_a_listener_that_fails_stops_nobody(presence, caplog):
    def fail(event):
        raise RuntimeError("no")

    presence.listen(fail)
    heard = []
    presence.listen(heard.append)
    presence.join("room", "ann")
    assert heard == [PresenceEvent("ann", "room", True)]
    assert "a listener for presence failed" in caplog.text
