from tests.systems.delivering import delivers


async def test_it_delivers_to_those_who_poll() -> None:
    await delivers("nchan", "short-polling", interval_s=0.05)


async def test_it_delivers_over_all_that_is_held_or_streams() -> None:
    await delivers("nchan", "long-polling", "sse", "websocket")
