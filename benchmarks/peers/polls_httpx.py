"""httpx polls: one client with a pool, a task for each poller, uvloop."""

import asyncio

import httpx
import uvloop

from benchmarks.peers.counting import ERRORS, WORK, arguments


async def main() -> None:
    board, work = arguments()
    url = work["url"] + work["path"]
    wanted = work["cursor"]
    headers = {"Authorization": f"Bearer {work['token']}"}
    limits = httpx.Limits(
        max_connections=work["clients"], max_keepalive_connections=work["clients"]
    )
    async with httpx.AsyncClient(limits=limits, headers=headers, timeout=30) as client:

        async def poll() -> None:
            while True:
                response = await client.get(url)
                if response.status_code == 204 and response.headers["Pushlab-Cursor"] == wanted:
                    board[WORK] += 1
                else:
                    board[ERRORS] += 1

        await asyncio.gather(*(poll() for _ in range(work["clients"])))


if __name__ == "__main__":
    uvloop.run(main())
