"""A channel, and a connection that takes what it is given until it is told to block."""

from pushlab.contract.serving import HubSettings
from pushlab.hub.channel import Channel, ChannelFeed

SECOND = 1_000_000_000


def make(**dials):
    return Channel("room", HubSettings(**dials), now_ns=0)


def publish(channel, data="x", now_ns=0):
    return channel.publish(data, len(data.encode()), now_ns)


class Sink:
    """A connection that takes what it is given until it is told to block."""

    def __init__(self):
        self.seqs = []
        self.batches = []
        self.open = True
        self.room = None  # how many more writes before it blocks by itself
        self.ended = None
        self.closed = 0

    def write(self, entries):
        assert entries, "an empty write"
        assert self.ended is None, "a write after the end"
        self.batches.append(len(entries))
        self.seqs += [entry.seq for entry in entries]
        if self.room is not None:
            self.room -= 1
            return self.open and self.room > 0
        return self.open

    def end(self, reason, status):
        assert self.ended is None
        self.ended = (reason, status)


def feed_of(channel, sink, after=None, *, limited=True):
    def on_close(_feed):
        sink.closed += 1

    return ChannelFeed(
        channel, after, write=sink.write, end=sink.end, on_close=on_close, limited=limited
    )
