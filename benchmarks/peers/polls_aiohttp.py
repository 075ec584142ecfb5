"""aiohttp polls: one session, a task for each client, uvloop."""

import asyncio

import aiohttp
import uvloop

from benchmarks.peers.counting import ERRORS, WORK, arguments


async def main() -> None:
    board, work = arguments()
    url = work["url"] + work["path"]
    wanted = work["cursor"]
    headers = {"Authorization": f"Bearer {work['token']}"}
    connector = aiohttp.TCPConnector(limit=work["clients"])
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def poll() -> None:
            while True:
                async with session.get(url) as response:
                    await response.read()
                    if response.status == 204 and response.headers["Pushlab-Cursor"] == wanted:
                        board[WORK] += 1
                    else:
                        board[ERRORS] += 1

        await asyncio.gather(*(poll() for _ in range(work["clients"])))


if __name__ == "__main__":
    uvloop.run(main())
