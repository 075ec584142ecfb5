import pytest

from tests.systems.delivering import delivers, installed


@pytest.mark.systems
async def test_it_delivers():
    await delivers("rabbitmq", "mqtt", "mqtt-websocket")


def test_its_version_is_the_installations():
    assert installed("rabbitmq").version().startswith("RabbitMQ 3.")
