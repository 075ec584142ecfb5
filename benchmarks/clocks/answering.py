"""A process that answers for its clock: ``python -m benchmarks.clocks.answering BUSY``.

The key comes on standard input, the port goes to standard output; when the input ends it says how
many questions it answered, and what CPU it used. BUSY is the share of its event loop's time that
other work takes, in pieces of a millisecond.
"""

import asyncio
import json
import sys
import time

import uvloop

from pushlab.wire.clock_exchange import ClockResponder
from pushlab.wire.standard_input import set_at_input_end

__all__ = ["main"]

_PIECE_S = 0.001


async def _work(share: float) -> None:
    while True:
        end_s = time.monotonic() + _PIECE_S
        while time.monotonic() < end_s:
            pass
        await asyncio.sleep(_PIECE_S * (1 - share) / share)


async def _answer(busy: float) -> None:
    key = sys.stdin.readline().strip()
    responder = ClockResponder("127.0.0.1", key)
    stop = asyncio.Event()
    set_at_input_end(stop)
    print(json.dumps({"port": responder.port}), flush=True)
    work = asyncio.ensure_future(_work(busy)) if busy else None
    before_s = time.process_time()
    await stop.wait()
    used_s = time.process_time() - before_s
    if work is not None:
        work.cancel()
    print(json.dumps({"answered": responder.answered, "cpu_s": used_s}), flush=True)


def main() -> None:
    """Answer until standard input ends."""
    uvloop.run(_answer(float(sys.argv[1])))


if __name__ == "__main__":
    main()
