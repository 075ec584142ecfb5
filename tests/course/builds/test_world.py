"""Virtual time: in order, the same each time, and over at once."""

import asyncio
import gc
import sys

import pytest

from pushlab.course.builds.cases import StudentError
from pushlab.course.builds.world import Bell, World
from pushlab.course.watching import EndlessLoop


def test_an_hour_passes_at_once_and_in_order():
    world, told = World(), []

    async def ticks(name, every_s):
        while True:
            await world.sleep(every_s)
            told.append((world.now_s, name))

    world.start(ticks("a", 1200))
    world.start(ticks("b", 1800))
    world.at(1200, lambda: told.append((world.now_s, "first")))
    world.run(3600)
    assert told == [
        (1200, "first"), (1200, "a"), (1800, "b"), (2400, "a"), (3600, "b"), (3600, "a"),
    ]  # fmt: skip
    assert world.now_s == 3600


def test_a_bell_wakes_all_who_wait_and_nobody_waits_for_ever():
    world, told = World(), []
    bell = Bell(world)

    async def waits(name, seconds):
        told.append((name, await bell.wait(seconds), world.now_s))

    for name, seconds in (("short", 1), ("long", 10), ("longer", 20)):
        world.start(waits(name, seconds))
    world.at(3, bell.ring)
    world.run(30)
    assert told == [("short", False, 1), ("long", True, 3), ("longer", True, 3)]


def test_what_a_task_returns_and_what_it_raises_comes_out():
    world, told = World(), []

    async def returns():
        await world.sleep(1)
        return "done"

    async def raises():
        await world.sleep(2)
        raise LookupError("mine")

    world.start(returns()).then(told.append)
    task = world.start(raises())
    with pytest.raises(LookupError, match="mine"):
        world.run(5)
    assert told == ["done"]
    assert not task.done


def test_what_is_not_awaited_is_told_with_its_line():
    world = World()

    async def forgets():
        world.sleep(1)

    world.start(forgets())
    with pytest.raises(StudentError, match="was not awaited") as caught:
        world.run(5)
    assert caught.value.line == forgets.__code__.co_firstlineno + 1
    for use in (lambda it: it.messages, list, bool):
        with pytest.raises(StudentError, match="Write `await sleep"):
            use(world.sleep(1))


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf"), "1", None, True])
def test_only_a_time_can_be_slept(wrong):
    for waits in (World().sleep, Bell(World()).wait):
        with pytest.raises((ValueError, TypeError), match="number of seconds"):
            waits(wrong)


def test_time_that_stands_still_and_clocks_of_others_are_told():
    world = World()

    async def round_and_round():
        while True:
            await world.sleep(0)

    world.start(round_and_round())
    with pytest.raises(EndlessLoop, match="no time passes"):
        world.run(1)

    async def elsewhere():
        await asyncio.sleep(0)

    world = World()
    world.start(elsewhere())
    with pytest.raises(StudentError, match="Time is virtual"):
        world.run(1)


def test_who_does_not_want_to_end_leaves_no_word(capsys):
    world = World()

    async def stubborn():
        while True:
            try:
                await world.sleep(1)
            except BaseException:
                pass

    world.start(stubborn())
    before = sys.unraisablehook
    world.run(3)
    gc.collect()
    assert sys.unraisablehook is before
    assert capsys.readouterr().err == ""
