from tests.systems.delivering import delivers, installed


async def test_it_delivers():
    await delivers("nats", "mqtt", "mqtt-websocket", "nats", "websocket")


def test_its_version_is_the_programs():
    assert installed("nats").version().startswith("nats-server 2.")
