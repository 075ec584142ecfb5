"""docs/api.md: its client, run as it stands, reads a channel of a live hub and outlives a loss."""

import asyncio
import contextlib
import re
import sys
from pathlib import Path

from pushlab.contract.tokens import TokenKeys
from tests.live_hub import live_hub
from tests.patience import PATIENCE_S

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def end(reader):
    if reader.returncode is None:
        reader.kill()


async def test_the_client_written_from_the_document_reads_resumes_and_ends(tmp_path):
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    (tmp_path / "reader.py").write_text(program)
    keys = TokenKeys.fresh().export()
    async with asyncio.timeout(PATIENCE_S), contextlib.AsyncExitStack() as stack:
        async with live_hub(keys=keys) as hub:
            token, port = await hub.token("ann", "news"), int(hub.url.rpartition(":")[2])
            reader = await asyncio.create_subprocess_exec(
                *[sys.executable, "reader.py", hub.url, token],
                cwd=tmp_path,
                stdout=asyncio.subprocess.PIPE,
            )
            stack.callback(end, reader)
            await hub.until_present("news", ["ann"])
            await hub.publish("news", "Grüße")
            assert await reader.stdout.readline() == "Grüße\n".encode()
        async with live_hub(keys=keys, port=port) as hub:
            await hub.until_present("news", ["ann"])
            await hub.publish("news", "again here")
            assert await reader.stdout.readline() == b"missed something\n"
            assert await reader.stdout.readline() == b"again here\n"
            await hub.api("DELETE", "/v1/tokens", {"token": token})
            assert await reader.stdout.read() == b"over: token-revoked\n"
            assert await reader.wait() == 0
