"""Read a channel so that nothing is missed while this program does not run.

    python examples/resume.py news bookmark.txt

The cursor of the last message that was printed is kept in a file. The next start goes on from
there: what the hub still keeps arrives, and what it does not is told as a gap. Within one start
`pushlab.connect` does the same by itself whenever the connection is cut.

Where the hub is: PUSHLAB_HUB and PUSHLAB_API_KEY, as `pushlab serve` prints them.
"""

import asyncio
import sys
from pathlib import Path

import pushlab
from pushlab import channel_api as channel


def tell_gap(gap: pushlab.Gap) -> None:
    print(f"missed what came after {gap.after}; it goes on at {gap.resumed}", flush=True)


async def main(name: str, bookmark: Path) -> None:
    service = channel.ChannelService()
    token = service.create_channel(name)
    before = bookmark.read_text().strip() if bookmark.exists() else None
    async with pushlab.connect(service.url, token, cursor=before, on_gap=tell_gap) as messages:
        print(f"reading on from {before}" if before else "reading from now on", flush=True)
        bookmark.write_text(str(messages.cursor))
        async for message in messages:
            print(message.seq, message.data, flush=True)
            bookmark.write_text(str(messages.cursor))


if len(sys.argv) != 3:
    sys.exit("usage: resume.py CHANNEL FILE")
asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
