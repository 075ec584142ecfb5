"""``python -m tests.lab.verify.crashing PORT [forgets]``: a small server that can be killed."""

import asyncio
import sys

from tests.lab.probe.small_servers import Behaviour, SmallServer


async def _serve(port: int, *, forgets: bool) -> None:
    await SmallServer(Behaviour(resumes=not forgets)).start(port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), forgets="forgets" in sys.argv))
