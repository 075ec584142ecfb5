import pytest

from tests.systems.delivering import delivers


@pytest.mark.systems
async def test_it_delivers() -> None:
    await delivers("pushpin", "long-polling", "sse", "websocket")
