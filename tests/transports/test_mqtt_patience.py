"""Waiting for log-ins that nobody asked for: little, and never much in all."""

import asyncio

from pushlab.transports._mqtt_patience import Patience


async def test_few_are_waited_for_and_many_are_not():
    now = 0.0
    patience = Patience(lambda: now)
    never = asyncio.get_running_loop().create_future()
    assert patience.left_s() == 0.3
    done = asyncio.get_running_loop().create_future()
    done.set_result(None)
    await patience.wait(done)
    assert patience.left_s() == 0.3
    patience._left_s = 0.0
    await patience.wait(never)  # no more of it: it returns at once
    now = 1.0
    assert abs(patience.left_s() - 0.05) < 1e-9
    now = 100.0
    assert patience.left_s() == 0.3
