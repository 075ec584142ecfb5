"""The race's lock: the presenter drives alone, and a room's phones look on."""

import pytest

from pushlab.commands.serve import _others_reach
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import Refused
from pushlab.hub.core import Hub
from pushlab.hub.process import HubConfig
from pushlab.hub.reach.reach import ReachSettings
from pushlab.web.demo import _is_here
from pushlab.web.race import Race
from pushlab.web.race_lock import presenter_key
from tests.web.one_service import Service


@pytest.fixture
async def race():
    return Race(Hub(keys=TokenKeys.fresh()))


def refused(act):
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value.status, refusal.value.reason


async def test_while_it_is_locked_the_presenter_alone_drives(race):
    key = race.lock({"locked": True}, here=True)["key"]
    assert race.state()["locked"]
    before = race.state()["version"]
    for wrong in ({}, {"key": "x"}, {"key": 7}, {"key": "\ud800"}):
        assert refused(lambda w=wrong: race.change({"clients": 2, **w})) == (423, "locked")
        assert refused(lambda w=wrong: race.reset(w)) == (423, "locked")
        assert refused(lambda w=wrong: race.lock({"locked": False, **w}, here=True))[0] == 423
    with pytest.raises(Refused, match="locked"):
        await race.publish({})
    assert race.state()["version"] == before
    assert race.change({"clients": 2, "key": key})["settings"]["clients"] == 2
    assert (await race.publish({"key": key}))["n"] == 1
    assert race.state()["by_hand"] == 1
    race.lock({"locked": False, "key": key}, here=False)
    assert race.change({"clients": 3})["settings"]["clients"] == 3


async def test_who_is_not_at_the_machine_needs_the_key(race):
    assert refused(lambda: race.lock({"locked": True}, here=False)) == (403, "not-the-presenter")
    key = presenter_key(race._hub.keys)
    assert race.lock({"locked": True, "key": key}, here=False)["locked"]
    assert (await race.join({"key": key}))["presents"]
    assert not (await race.join({}))["presents"]


def test_hubs_with_the_same_keys_have_one_presenter_and_others_another():
    service = Service()
    keys = {presenter_key(service.hub().keys) for _ in range(2)}
    assert len(keys) == 1
    assert keys != {presenter_key(TokenKeys.fresh())}


@pytest.mark.parametrize(
    ("address", "headers", "here"),
    [
        ("127.0.0.1", [], True),
        ("::1", [], True),
        ("192.168.0.7", [], False),
        ("127.0.0.1", [(b"x-forwarded-for", b"192.168.0.7")], False),
        ("127.0.0.1", [(b"forwarded", b"for=192.168.0.7")], False),
        ("", [], False),
    ],
)
def test_a_proxys_guest_is_not_at_the_machine(address, headers, here):
    assert _is_here({"type": "http", "headers": headers}, address) is here


async def test_what_is_set_begins_a_comparison_of_its_own(race):
    await race.publish({})
    first = race.state()
    assert first["published"] == 1
    told = race.change({"clients": 5})
    assert told["resets"] == first["resets"] + 1
    assert told["since_ms"] >= first["since_ms"]
    assert race.state()["published"] == race.state()["by_hand"] == 0


@pytest.mark.parametrize(
    ("host", "public_url", "told"),
    [
        ("127.0.0.1", None, False),  # a page of this machine can lock it
        ("0.0.0.0", None, True),
        ("127.0.0.1", "https://push.example/hub", True),
    ],
)
def test_serve_tells_the_presenters_address_where_others_come(host, public_url, told):
    reach = ReachSettings(public_url=public_url)
    assert _others_reach(HubConfig(host=host, reach=reach)) is told
