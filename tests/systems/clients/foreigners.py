"""Client halves of foreign wires, driven by hand as those of the hub are."""

from itertools import pairwise

from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame
from websockets.server import ServerProtocol

from pushlab.contract.events import Unnumbered
from pushlab.contract.registry import load_transport
from pushlab.contract.subscriber import Endpoint
from pushlab.systems.clients.foreign import speak
from pushlab.systems.clients.plain import PLAIN
from pushlab.systems.spec import Speech
from pushlab.systems.stamp import make_stamp
from tests.transports.halves import Hand

__all__ = ["Both", "foreign", "found", "message", "spoken"]


def message(number, channel=0):
    """What a foreign server was given to carry."""
    return make_stamp(channel, number, 1) + b"..."


def spoken(name, speech=None, client=None, **options):
    """The transport of this name as a foreign server speaks it."""
    client = client or PLAIN[name]
    profile = client.profile or load_transport(name).profile
    return speak(speech or Speech(), client, profile, options)


def foreign(name, path="/rooms/lab-0", speech=None, client=None, **options):
    """A reader in a test's hand."""
    endpoint = Endpoint("127.0.0.1", 80, False, path, {"channel": "lab-0", "client": "c-1"})
    return Hand(spoken(name, speech, client, **options), endpoint=endpoint, token="")


def found(events):
    """What the server called messages."""
    return [event.data for event in events if isinstance(event, Unnumbered)]


class Both:
    """A reader over WebSocket, and a server that talks to it."""

    def __init__(
        self,
        speech=None,
        name="websocket",
        *,
        client=None,
        path="/ws/lab-0",
        deflate=False,
        subprotocols=None,
        **options,
    ):
        options |= {"deflate": True} if deflate else {}
        self.hand = foreign(name, path, speech, client, **options)
        self.deflate, self.subprotocols = deflate, subprotocols
        self.open()

    def open(self):
        factories = [ServerPerMessageDeflateFactory()] if self.deflate else None
        self.server = ServerProtocol(extensions=factories, subprotocols=self.subprotocols)
        self.hear(self.hand.dial())
        self.request = self.server.events_received()[0]
        self.server.send_response(self.server.accept(self.request))
        self.greeting = self.hand.feed(b"".join(self.server.data_to_send()))
        self.hear(self.hand.half.data_to_send())

    def hear(self, data):
        self.server.receive_data(data)

    def said(self):
        """What the reader has said in frames."""
        self.hear(self.hand.half.data_to_send())
        return [
            (f.opcode, bytes(f.data)) for f in self.server.events_received() if isinstance(f, Frame)
        ]

    def tell(self, *messages):
        """The server sends these messages of bytes; the events that they make."""
        for message in messages:
            self.server.send_binary(message)
        return self.feed()

    def feed(self, *cuts):
        stream = b"".join(self.server.data_to_send())
        edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
        return [e for start, stop in pairwise(edges) for e in self.hand.feed(stream[start:stop])]
