import pytest

from tests.systems.delivering import delivers

pytestmark = pytest.mark.systems


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
async def test_it_delivers(transport):
    await delivers("channels", transport)
