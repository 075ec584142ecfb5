import functools
import time

import pytest

from pushlab.contract.tokens import TokenKeys
from pushlab.errors import Refused
from pushlab.hub.backplane.redis_server import RedisServer
from tests.hub.backplane.redis.sharing_hubs import KEYS, Cable, running, service_of
from tests.patience import until


class Holder:
    def __init__(self):
        self.ended = []

    def finish(self, reason, status):
        self.ended.append(reason)


def holder_on(hub, grant):
    holder = Holder()
    hub.hold(grant, holder)
    return holder


def revoked(hub, token):
    try:
        hub.verify(token)
    except Refused as refusal:
        return refusal.reason == "token-revoked"
    return False


def revoke_all(hub, client_id=None, channel=None):
    act = functools.partial(hub.grants.revoke_all, client_id, channel)
    return hub.backplane.revoke(act)


async def test_what_is_revoked_at_one_hub_ends_at_all_and_counts_at_those_that_start_later(
    redis_url,
):
    async with running(redis_url) as first, running(redis_url) as second:
        token, grant = first.make_token("ada", "room")
        other, _ = first.make_token("bob", "room")
        holders = [holder_on(hub, grant) for hub in (first, second, second)]
        act = functools.partial(first.grants.revoke, token)
        assert await first.backplane.revoke(act) == 3
        assert [each.ended for each in holders] == [["token-revoked"]] * 3
        assert revoked(second, token)
        assert not revoked(second, other)
        async with running(redis_url) as later:
            assert revoked(later, token)
            assert not revoked(later, other)


async def test_all_of_a_client_is_revoked_though_another_hubs_clock_is_ahead(redis_url):
    async with (
        running(redis_url) as slow,
        running(redis_url, wall=lambda: time.time() + 3_000) as fast,
    ):
        token, grant = fast.make_token("ada")
        holder = holder_on(fast, grant)
        assert await revoke_all(slow, "ada") == 1
        assert holder.ended == ["token-revoked"]
        assert revoked(slow, token)
        fresh, _ = slow.make_token("ada")  # behind it, whatever the clock says
        assert not revoked(slow, fresh)
        assert not revoked(fast, fresh)


async def test_while_redis_is_away_it_is_revoked_here_and_elsewhere_afterwards(redis_url):
    with Cable.before(redis_url) as cable:
        async with running(redis_url) as first, running(cable.in_place_of(redis_url)) as second:
            token, grant = first.make_token("ada")
            holder = holder_on(first, grant)
            cable.up = False
            cable.cut()
            await until(lambda: not second.backplane.link.up)
            with pytest.raises(Refused, match="revoked at this hub") as refused:
                await revoke_all(second, "ada")
            assert refused.value.status == 503
            assert revoked(second, token)
            assert not revoked(first, token)
            cable.mend()
            await until(lambda: holder.ended)
            assert revoked(first, token)


async def test_a_hub_that_was_cut_off_learns_what_was_revoked_meanwhile(redis_url):
    with Cable.before(redis_url) as cable:
        async with running(redis_url) as first, running(cable.in_place_of(redis_url)) as second:
            token, grant = first.make_token("ada")
            holder = holder_on(second, grant)
            cable.up = False
            cable.cut()
            await until(lambda: not second.backplane.link.up)
            assert await revoke_all(first, "ada") == 0
            assert not revoked(second, token)
            cable.mend()
            await until(lambda: holder.ended == ["token-revoked"])
            assert revoked(second, token)


async def test_what_a_redis_has_lost_the_hubs_give_back():
    with RedisServer() as redis:
        async with running(redis.url) as first:
            token, _ = first.make_token("ada")
            await revoke_all(first, "ada")
            redis.restart(loses=True)
            link = service_of(first)._link
            await until(lambda: not link.up)
            await until(lambda: link.up)
            async with running(redis.url, keys=TokenKeys.restore(KEYS.export())) as later:
                await until(lambda: revoked(later, token))


async def test_what_another_process_notes_in_a_hubs_journal_reaches_all(redis_url, tmp_path):
    from pushlab.hub.keys.revoked import Revocation, Revoked

    journal = tmp_path / "journal"
    async with (
        running(redis_url, revoked=Revoked(journal)) as first,
        running(redis_url) as second,
    ):
        token, grant = first.make_token("ada")
        Revoked(journal).add(Revocation.of_grant(grant))
        first.grants.end_revoked(first.grants.revoked.read_journal())
        await until(lambda: revoked(second, token))
