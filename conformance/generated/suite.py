"""Generators of clients at the hub's OpenAPI document, and what they make at the hub itself."""

import asyncio
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from conformance.generated.streams import GENERATOR, streams
from conformance.hub import LiveHub, live_hub
from conformance.model import NotRun, Suite, Tell, Verdict
from conformance.node import NODE_PATH, node_program

__all__ = ["GeneratedClients"]

_HERE = Path(__file__).parent
_DOCUMENT = "openapi.json"
_DUE_S = 120
#: What a talk prints, a line each, and behind it what it saw.
_WANTED = {
    "a token is made": "room 1",
    "where it can be used is told": "true",
    "messages are published": "[1,2]",
    "messages are read": '["one","zwei ü"]',
    "the reader is present": '["ada"]',
    "a refusal says why": "403 bad-api-key",
    "a revoked token is refused": "401 token-revoked",
}
_COMPILING = ("--strict", "--target", "es2022", "--module", "nodenext", "--types", "node")


class GeneratedClients(Suite):
    """One client for each language."""

    name = "generated-clients"
    title = "Generated clients"
    about = (
        "What openapi-python-client and openapi-typescript make of /v1/openapi.json, the latter"
        " checked by tsc --strict, in a talk with the hub that served it; and what"
        " @asyncapi/generator makes of /v1/asyncapi.json, a WebSocket client for Python, reading a"
        " channel."
    )
    whole = True

    async def run(self, tell: Tell) -> AsyncIterator[Verdict]:
        """Generate, and talk."""
        for generator, talk in (
            ("openapi-python-client", _python),
            ("openapi-typescript", _typescript),
        ):
            tell(generator)
            async with live_hub() as hub:
                for verdict in await asyncio.to_thread(_verdicts, hub, generator, talk):
                    yield verdict
        tell(GENERATOR)
        async with live_hub() as hub:
            for verdict in await streams(hub):
                yield verdict


def _verdicts(
    hub: LiveHub, generator: str, talk: Callable[[LiveHub, Path], str]
) -> Sequence[Verdict]:
    try:
        with tempfile.TemporaryDirectory() as folder:
            said = talk(hub, Path(folder)).splitlines()
    except NotRun as reason:
        return [Verdict(case=generator, seen=str(reason), right=None)]
    found = dict(zip(_WANTED, said, strict=False))
    return [
        Verdict(
            case=f"{generator}: {case}",
            group=generator,
            wanted=wanted,
            seen=(seen := found.get(case, "nothing").removeprefix(f"{case} ")),
            right=seen == wanted,
        )
        for case, wanted in _WANTED.items()
    ]


def _run(*command: str, **more: str | Path) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_DUE_S, check=False, **more
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name}: {(done.stdout + done.stderr)[-600:]}")
    return done.stdout


def _fetch(hub: LiveHub, folder: Path) -> Path:
    document = asyncio.run(hub.api("GET", f"/v1/{_DOCUMENT}", b""))
    path = folder / _DOCUMENT
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def _python(hub: LiveHub, folder: Path) -> str:
    if importlib.util.find_spec("openapi_python_client") is None:
        raise NotRun("openapi-python-client is not installed")
    document, made = str(_fetch(hub, folder)), str(folder / "generated")
    words = ("generate", "--path", document, "--output-path", made, "--meta", "none")
    _run(sys.executable, "-m", "openapi_python_client", *words)
    return _run(sys.executable, str(_HERE / "talk.py"), str(folder), hub.url, hub.key)


def _typescript(hub: LiveHub, folder: Path) -> str:
    node = node_program("openapi-typescript")
    document = _fetch(hub, folder)
    os.symlink(NODE_PATH, folder / "node_modules")
    shutil.copy(_HERE / "talk.ts", folder / "talk.mts")
    programs = NODE_PATH / ".bin"
    _run(str(programs / "openapi-typescript"), str(document), "-o", str(folder / "hub.d.ts"))
    _run(str(programs / "tsc"), *_COMPILING, "talk.mts", cwd=folder)
    return _run(node, str(folder / "talk.mjs"), hub.url, hub.key)
