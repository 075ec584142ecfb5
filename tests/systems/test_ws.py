from tests.systems.delivering import delivers


async def test_it_delivers() -> None:
    await delivers("ws", "websocket")
