from tests.systems.delivering import delivers


async def test_it_delivers():
    await delivers("fastapi", "short-polling", "long-polling", "sse", "websocket")
