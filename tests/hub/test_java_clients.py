"""The JDK's own clients, unset: each request of theirs offers h2c, each WebSocket a length of 0."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.live_hub import live_hub
from tests.patience import PATIENCE_S

SOURCE = Path(__file__).parent / "java" / "Clients.java"


@pytest.mark.skipif(shutil.which("java") is None, reason="java is not installed (make install)")
async def test_the_jdks_clients_are_served_and_their_bodies_are_no_requests():
    async with live_hub() as hub:
        token = await hub.token("java", "java")
        command = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", str(SOURCE)]
        given = [hub.url, hub.key, token, f"{PATIENCE_S:.0f}"]
        java = await asyncio.create_subprocess_exec(
            *command, *given, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        said, complaints = await java.communicate()
        assert java.returncode == 0, complaints.decode()
        assert said.decode().splitlines() == [
            "publish 202 HTTP_1_1",
            "publish 202 HTTP_1_1",
            "poll 204",
            "websocket -2",
        ]
        polled = await hub.ask("GET", "/v1/poll", secret=token)
        epoch = polled.headers["pushlab-cursor"].split("-")[0]
        answer = await hub.ask("GET", f"/v1/poll?after={epoch}-0", secret=token)
        texts = [message["data"] for message in answer.json["messages"]]
        assert texts == ["GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", "second"]
