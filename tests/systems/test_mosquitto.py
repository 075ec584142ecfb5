import pytest

from pushlab.errors import BrokerUnavailable
from pushlab.lab.verify.verify import verify_system
from pushlab.systems.mosquitto import Mosquitto
from tests.systems.delivering import delivers, installed


async def test_it_delivers():
    await delivers("mosquitto", "mqtt", "mqtt-websocket")


@pytest.mark.parametrize("options", [{"qos": 0}, {"persistent": True}])
async def test_it_delivers_with(options):
    await delivers("mosquitto", "mqtt", **options)


@pytest.mark.parametrize(("options", "verdict"), [({}, "breaks"), ({"persistent": True}, "holds")])
async def test_a_reader_that_was_away_gets_what_it_missed_if_its_session_is_kept(options, verdict):
    system = installed("mosquitto")
    found = await verify_system(system, ["mqtt"], clauses=["resume"], options={"mqtt": options})
    assert found.seen["mqtt"]["resume"].verdict == verdict


def test_its_version_is_the_programs():
    assert installed("mosquitto").version().startswith("Mosquitto 2.")


def test_without_it_how_to_get_it_is_told(monkeypatch):
    def none():
        raise BrokerUnavailable("Mosquitto is not installed; do this")

    monkeypatch.setattr("pushlab.systems.mosquitto.find_mosquitto", none)
    assert Mosquitto().missing() == "Mosquitto is not installed; do this"
    assert Mosquitto().version() == ""
