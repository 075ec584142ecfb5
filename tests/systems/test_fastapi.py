import pytest

from tests.systems.delivering import delivers


@pytest.mark.parametrize("transport", ["short-polling", "long-polling", "sse", "websocket"])
async def test_it_delivers(transport):
    await delivers("fastapi", transport)
