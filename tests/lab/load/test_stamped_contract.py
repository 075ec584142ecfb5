"""Client halves over the witnesses' sockets keep every clause that they keep over usual ones."""

import socket
from collections.abc import Iterator

import pytest

from pushlab.contract.subscriber import Endpoint
from pushlab.lab.load.stamped_socket import StampedSocket, Stamps
from pushlab.testing import TransportContract
from pushlab.testing.clauses.delivery import Delivery
from pushlab.testing.reader import WireReader
from pushlab.wire.driver import DriverConnection
from pushlab.wire.receive_stamps import stamp_received
from tests.transports.test_contract_mqtt import mosquitto_is_missing

#: Of a reader that shall hold up its server soon, as the suite's own readers have it.
SMALL_BUFFER_BYTES = 8 * 1024


async def connect(reader: WireReader, endpoint: Endpoint) -> None:
    sock = socket.socket(socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
        sock.setblocking(False)
        stamp_received(sock)
        await reader.loop.sock_connect(sock, (endpoint.host, endpoint.port))
        StampedSocket(sock, DriverConnection(reader), Stamps(reader.loop))
    except BaseException:
        sock.close()
        raise


@pytest.fixture(autouse=True)
def stamped(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(WireReader, "_connect", connect)
    return


class TestSse(Delivery):
    transport = "sse"


@pytest.mark.soak
class TestShortPollingAll(TransportContract):
    transport = "short-polling"
    options = {"interval_s": 0.05}  # noqa: RUF012


@pytest.mark.soak
class TestLongPollingAll(TransportContract):
    transport = "long-polling"


@pytest.mark.soak
class TestSseAll(TransportContract):
    transport = "sse"


@pytest.mark.soak
class TestWebSocketAll(TransportContract):
    transport = "websocket"


@pytest.mark.soak
class TestMqttAllOverTheEmbeddedBroker(TransportContract):
    transport = "mqtt"
    cuts_slow_readers = False
    broker = "embedded"


@pytest.mark.soak
@pytest.mark.skipif(mosquitto_is_missing(), reason="Mosquitto is not installed")
class TestMqttAllOverMosquitto(TransportContract):
    transport = "mqtt"
    cuts_slow_readers = False
    broker = "mosquitto"
