"""The contract of backplanes is worth what it catches."""

import asyncio
from secrets import token_hex

import pytest

from pushlab.hub.backplane.redis.following import Copy, Following
from pushlab.hub.backplane.redis.log import RedisLog
from pushlab.hub.channel import Channel
from pushlab.testing import BackplaneContract, ContractBroken
from pushlab.testing.judge import shorter_limits


@pytest.fixture
def suite(redis_server):
    class Suite(BackplaneContract):
        def fresh_backplane(self):
            return f"{redis_server.url}?prefix=broken-{token_hex(6)}"

    with shorter_limits(0.05):
        yield Suite()


def hears_late(monkeypatch):
    """No bug: a network does that."""
    hear = Following._hear

    def late(self, message):
        asyncio.get_running_loop().call_later(0.02, hear, self, message)

    monkeypatch.setattr(Following, "_hear", late)


def trusts_its_copy(monkeypatch):
    hears_late(monkeypatch)
    monkeypatch.setattr(Copy, "locate", Channel.locate)


def forgets_keys(monkeypatch):
    publish = RedisLog.publish
    monkeypatch.setattr(RedisLog, "publish", lambda self, items, key: publish(self, items, None))


def takes_whatever_comes(monkeypatch):
    def hear(self, message):
        said = self._log.read(message)
        if self.copy is not None:
            self.copy.publish(said.text.decode(), len(said.text), said.accepted_ns)
            if said.seq % 5 == 0:
                self.copy.publish(said.text.decode(), len(said.text), said.accepted_ns)

    monkeypatch.setattr(Following, "_hear", hear)


def hears_nothing(monkeypatch):
    monkeypatch.setattr(Following, "_hear", lambda self, message: None)


def mixes_channels(monkeypatch):
    keys = RedisLog._keys
    monkeypatch.setattr(RedisLog, "_keys", lambda self, channel: keys(self, channel.lower()))


BUGS = [
    (trusts_its_copy, "test_resuming", "resumes at any hub"),
    (trusts_its_copy, "test_from_now", "starts from now"),
    (forgets_keys, "test_keys", "counts once"),
    (takes_whatever_comes, "test_one_order", "each message once"),
    (hears_nothing, "test_one_order", "is read at all"),
    (mixes_channels, "test_names_and_texts", "keep their messages apart"),
]


@pytest.mark.parametrize(("bug", "clause", "names"), BUGS)
def test_a_broken_backplane_is_caught_and_the_clause_is_named(
    suite, monkeypatch, bug, clause, names
):
    bug(monkeypatch)
    with pytest.raises(ContractBroken, match=names):
        getattr(suite, clause)()


@pytest.mark.parametrize("clause", ["test_resuming", "test_from_now", "test_handover"])
def test_a_backplane_may_hear_late(suite, monkeypatch, clause):
    hears_late(monkeypatch)
    getattr(suite, clause)()
