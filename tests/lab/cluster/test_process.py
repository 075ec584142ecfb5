import asyncio

import pytest

from pushlab.lab.cluster.host import CLOSE, ENDED, ERROR, OUTPUT
from pushlab.lab.cluster.process import AwayProcess


def process():
    written, sent = [], []
    return AwayProcess(written.append, sent.append), written, sent


async def test_it_reads_and_ends_as_a_process_here_does():
    one, written, sent = process()
    one.happened(OUTPUT, b"a li")
    one.happened(OUTPUT, b"ne\nand")
    one.happened(ERROR, b"oh\n")
    assert await one.stdout.readline() == b"a line\n"
    one.stdin.write(b"x")
    one.stdin.close()
    one.stdin.close()
    one.stdin.write(b"behind its end")
    assert written == [b"x", CLOSE]
    one.kill()
    assert sent == [9]
    one.happened(ENDED, -9)
    one.happened(OUTPUT, b"nothing comes behind the end")
    assert await one.wait() == one.returncode == -9
    assert await one.stdout.read() == b"and"
    assert await one.stderr.read() == b"oh\n"
    one.kill()
    assert sent == [9]


async def test_a_full_input_waits_and_one_that_ended_says_so():
    one, _, _ = process()
    one.stdin.write(b"x" * (5 << 20))
    waiting = asyncio.ensure_future(one.stdin.drain())
    await asyncio.sleep(0)
    assert not waiting.done()
    one.stdin.sent()
    await waiting
    one.stdin.write(b"x" * (5 << 20))
    waiting = asyncio.ensure_future(one.stdin.drain())
    await asyncio.sleep(0)
    one.happened(ENDED, 1)
    with pytest.raises(ConnectionResetError):
        await waiting
