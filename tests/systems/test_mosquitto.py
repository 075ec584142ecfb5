import pytest

from pushlab.errors import BrokerUnavailable
from pushlab.systems.mosquitto import Mosquitto
from tests.systems.delivering import delivers, installed


async def test_it_delivers():
    await delivers("mosquitto", "mqtt", "mqtt-websocket")


@pytest.mark.parametrize("options", [{"qos": 0}, {"persistent": True}])
async def test_it_delivers_with(options):
    await delivers("mosquitto", "mqtt", **options)


def test_its_version_is_the_programs():
    assert installed("mosquitto").version().startswith("Mosquitto 2.")


def test_without_it_how_to_get_it_is_told(monkeypatch):
    def none():
        raise BrokerUnavailable("Mosquitto is not installed; do this")

    monkeypatch.setattr("pushlab.systems.mosquitto.find_mosquitto", none)
    assert Mosquitto().missing() == "Mosquitto is not installed; do this"
    assert Mosquitto().version() == ""
