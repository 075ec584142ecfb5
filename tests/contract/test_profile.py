"""What a transport declares of itself, and what follows from it."""

import json
from dataclasses import replace

import pytest

from pushlab.contract.hits import Hit
from pushlab.contract.profile import Profile, Timers, Wire
from pushlab.contract.registry import STANDARD, comparable_profiles, load_transport, profile_of
from pushlab.contract.serving import HubSettings
from pushlab.contract.transport import Transport
from pushlab.errors import UsageError
from pushlab.runs.records import decode


def test_the_class_fills_in_its_name_and_a_title():
    class Bare(Transport):
        name = "bare"

    class Named(Bare):
        name = "named"
        profile = Profile(title="A title", needs_broker=True)

    assert Bare.profile == Profile(name="bare", title="bare")
    assert (Named.profile.name, Named.profile.title, Named.profile.needs_broker) == (
        "named",
        "A title",
        True,
    )
    assert Named().in_force(HubSettings()) == Named.profile


@pytest.mark.parametrize("name", [*STANDARD, "channel-api-dev"])
def test_each_of_pushlabs_own_declares_what_closed_forms_need(name):
    profile = profile_of(name)
    assert profile.has_closed_form
    assert profile.wire is not None
    assert profile.colour.startswith("#")
    assert profile.asks != profile.pushes
    assert load_transport(name).profile.title == profile.title
    assert decode(Profile, json.loads(json.dumps(profile.to_json())), "profile") == profile


def test_needing_a_broker_and_having_an_address_are_two_things():
    both = [name for name in STANDARD if profile_of(name).needs_broker]
    assert both == ["mqtt"]
    assert Profile(own_address=True).needs_broker is False


def test_timers_in_force_are_those_of_the_options_and_of_the_hub():
    assert profile_of("short-polling", {"interval_s": 2.5}).timers.interval_s == 2.5
    assert profile_of("long-polling", {"hold_s": 9.0}).timers.hold_s == 9.0
    assert profile_of("mqtt").timers.keep_alive_s == 30.0
    slow = HubSettings(keep_alive_s=60.0)
    assert profile_of("sse").timers.keep_alive_s == HubSettings().keep_alive_s == 15.0
    assert profile_of("sse", settings=slow).timers.keep_alive_s == 60.0
    assert profile_of("sse", settings=slow).timers.silence_s > 60.0
    assert profile_of("websocket", settings=slow).timers.keep_alive_s == 20.0


def test_other_timers_go_to_those_that_have_them():
    told = Profile(timers=Timers(hold_s=30.0)).retimed(interval_s=1.0, hold_s=5.0, keep_alive_s=9.0)
    assert told.timers == Timers(hold_s=5.0)
    assert told.retimed(hold_s=None) == told


@pytest.mark.parametrize(
    ("title", "within"),
    [
        ("Short polling", "short polling"),
        ("SSE", "SSE"),
        ("WebSocket", "WebSocket"),
        ("Channel API (dev server)", "Channel API (dev server)"),
        ("JSON lines", "JSON lines"),
        ("", ""),
    ],
)
def test_a_title_within_a_sentence(title, within):
    assert Profile(title=title).title_within == within


def test_what_counts_as_a_hit():
    assert profile_of("short-polling").hits == {Hit.POLL_EMPTY, Hit.POLL_USEFUL}
    assert profile_of("sse").hits == profile_of("websocket").hits == frozenset()
    assert profile_of("mqtt").hits == {Hit.ACK, Hit.KEEP_ALIVE}
    assert profile_of("mqtt", {"qos": 0}).hits == {Hit.KEEP_ALIVE}


@pytest.mark.parametrize(
    "unknown",
    [
        Profile(),
        Profile(delivery="interval-poll"),  # it keeps no interval
        Profile(delivery="held-poll"),
        replace(profile_of("short-polling"), messages_per_answer=2),
    ],
)
def test_without_what_a_form_needs_there_is_none(unknown):
    assert not unknown.has_closed_form


def test_what_is_shown_side_by_side_are_the_five():
    assert tuple(comparable_profiles()) == STANDARD


@pytest.mark.parametrize(
    "bad",
    [
        {"timers": Timers(interval_s=-1.0)},
        {"timers": Timers(keep_alive_s=float("nan"))},
        {"timers": Timers(keep_alive_s=1e-9)},  # it would ping for ever
        {"wire": Wire(ack_bytes=-4)},
        {"acks": -1},
        {"colour": "blue"},
        {"dashes": (0.0, 0.0)},
    ],
)
def test_a_value_that_cannot_be_is_told_in_a_line(bad):
    with pytest.raises(UsageError, match=r"^pigeon: ") as error:
        Profile(name="pigeon", **bad)
    assert "\n" not in str(error.value)


def test_a_wire_that_nobody_declared_is_none():
    assert Profile().wire is None
    assert Wire().message_bytes == 0
