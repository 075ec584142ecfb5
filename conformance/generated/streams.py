"""AsyncAPI's generator at the hub's document, and the WebSocket client that it makes at the hub."""

import asyncio
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path

from conformance.hub import LiveHub
from conformance.model import NotRun, Verdict
from conformance.node import NODE_PATH, node_program

__all__ = ["GENERATOR", "streams"]

GENERATOR = "@asyncapi/generator"
_HERE = Path(__file__).parent
_DUE_S = 120
_TEXT = "zwei\nü"


async def streams(hub: LiveHub) -> list[Verdict]:
    """What it hears of one channel: where it stands, a message, why it ends."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            await _generate(hub, Path(folder))
            told = await hub.grant("ada", "streams")
            lines = await _listen(hub, folder, told["token"])
    except NotRun as reason:
        return [Verdict(case=GENERATOR, seen=str(reason), right=None)]
    frames = [json.loads(line.removeprefix("frame ")) for line in lines if line[:6] == "frame "]
    at = frames[0].rpartition("-")[0] if frames else "?"
    ends = [line for line in lines if line.startswith("closed ")]
    wanted = {
        "it is told where it stands, and a message": ([f"{at}-0", f"{at}-1 {_TEXT}"], frames),
        "it is told why it ends": (["closed 4401 token-revoked"], ends),
    }
    return [
        Verdict(
            case=f"{GENERATOR}: {case}",
            group=GENERATOR,
            wanted=str(right),
            seen=str(seen),
            right=seen == right,
        )
        for case, (right, seen) in wanted.items()
    ]


async def _generate(hub: LiveHub, folder: Path) -> None:
    if importlib.util.find_spec("websocket") is None:
        raise NotRun("the Python package websocket-client is not installed")
    command = [node_program(GENERATOR), str(_HERE / "generate.cjs")]
    document = await hub.api("GET", "/v1/asyncapi.json?transports=websocket", b"")
    (folder / "asyncapi.json").write_text(json.dumps(document), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *[*command, str(folder / "asyncapi.json"), str(folder)],
        env={**os.environ, "NODE_PATH": str(NODE_PATH)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), _DUE_S)
    if process.returncode:
        raise RuntimeError(f"{GENERATOR}: {said.decode()[-600:]}")


async def _listen(hub: LiveHub, folder: str, token: str) -> list[str]:
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, str(_HERE / "listen.py"), folder, token],
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(_DUE_S):
            async for line in process.stdout:
                lines.append(line.decode().rstrip("\n"))
                if lines[-1].startswith("frame ") and lines[-1].endswith('-0"'):
                    await hub.publish("streams", _TEXT)
                elif lines[-1].startswith("frame "):
                    await hub.api("DELETE", "/v1/tokens", {"token": token})
                elif lines[-1].startswith("closed "):
                    break
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return lines
