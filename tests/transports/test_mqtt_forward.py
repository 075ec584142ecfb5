import asyncio

from pushlab.contract.cursor import Cursor
from pushlab.contract.serving import HubSettings, NotYet
from pushlab.errors import Refused
from pushlab.hub.channel import Channel, ChannelFeed
from pushlab.transports import _mqtt_forward
from pushlab.transports._mqtt_forward import Forwards
from tests.patience import until


class Link:
    def __init__(self):
        self.up = True
        self.full = False
        self.sent = []

    def send(self, topic, payload, *, qos, then=None):
        self.sent.append(payload.decode().split(" ")[1])
        if then is not None:
            then()


class FetchingHub:
    """A hub that holds a channel once it has been fetched."""

    def __init__(self):
        self.there = Channel("room", HubSettings(), 0, epoch="e")
        self.held = None
        self.may_fetch = asyncio.Event()
        self.refuses = 0

    def publish(self, *texts):
        for text in texts:
            self.there.publish(text, len(text), 0)

    async def _fetch(self):
        await self.may_fetch.wait()
        if self.refuses:
            self.refuses -= 1
            raise Refused(503, "backplane-away", "it is away")
        self.held = self.there

    def tail(self, channel, after, write, end):
        if self.held is None:
            raise NotYet(self._fetch)
        return ChannelFeed(
            self.held, after, write=write, end=end, on_close=lambda feed: None, limited=False
        )

    def drop(self, epoch):
        """Its log has begun anew elsewhere."""
        dropped, self.held = self.held, None
        self.there = Channel("room", HubSettings(), 0, epoch=epoch)
        for feed in tuple(dropped.feeds):
            feed.finish("server-restart", 503)


async def test_what_comes_behind_the_page_that_a_reader_got_is_forwarded():
    hub, link = FetchingHub(), Link()
    forwards = Forwards(hub, link)
    forwards.use("room")
    hub.publish("1")
    hub.held = hub.there  # somebody else has fetched it
    page = Cursor("e", 1)
    hub.publish("2", "3")
    forwards.open("room", page)
    assert link.sent == ["2", "3"]
    hub.may_fetch.set()
    await asyncio.sleep(0)
    forwards.open("room", Cursor("e", 0))
    hub.publish("4")
    assert link.sent == ["2", "3", "4"]
    forwards.disuse("room")
    hub.publish("5")
    assert link.sent == ["2", "3", "4"]


async def test_a_log_that_cannot_be_fetched_now_is_asked_for_again(monkeypatch):
    monkeypatch.setattr(_mqtt_forward, "_AGAIN_S", 0.001)
    hub, link = FetchingHub(), Link()
    hub.refuses = 2
    hub.may_fetch.set()
    forwards = Forwards(hub, link)
    forwards.use("room")
    await until(lambda: hub.held is not None and hub.held.feeds)
    hub.publish("1")
    assert link.sent == ["1"]
    forwards.close()


async def test_a_log_that_began_anew_is_forwarded_from_its_beginning(monkeypatch):
    monkeypatch.setattr(_mqtt_forward, "_AGAIN_S", 0.001)
    hub, link = FetchingHub(), Link()
    hub.may_fetch.set()
    hub.held = hub.there
    forwards = Forwards(hub, link)
    forwards.use("room")
    hub.publish("1")
    hub.drop("f")
    hub.publish("a", "b")
    await until(lambda: link.sent == ["1", "a", "b"])
    forwards.close()
    hub.publish("c")
    assert link.sent == ["1", "a", "b"]
