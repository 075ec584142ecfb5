import pytest

from tests.systems.delivering import delivers

pytestmark = pytest.mark.systems


async def test_it_delivers():
    await delivers("channels", "long-polling", "websocket")
