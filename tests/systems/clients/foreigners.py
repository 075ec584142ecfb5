"""Client halves of foreign wires, driven by hand as those of the hub are."""

from pushlab.contract.events import Unnumbered
from pushlab.contract.registry import load_transport
from pushlab.contract.subscriber import Endpoint
from pushlab.systems.clients.foreign import speak
from pushlab.systems.clients.plain import PLAIN
from pushlab.systems.spec import Speech
from pushlab.systems.stamp import make_stamp
from tests.transports.halves import Hand

__all__ = ["foreign", "found", "message", "spoken"]


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
