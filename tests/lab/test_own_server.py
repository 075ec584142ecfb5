"""A run of a server of one's own, as a [system] table describes it; its secret goes nowhere."""

import asyncio
import re
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pushlab.child_environment import child_environment
from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.runs import Run
from pushlab.systems.launch import free_ports, until_ready
from tests.patience import PATIENCE_S

SECRET = "swordfish-1/2"

SERVER = """
import asyncio, sys, time
readers = {}

async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\\r\\n\\r\\n")).decode()
            request, *fields = head.rstrip().split("\\r\\n")
            fields = dict(field.lower().split(": ", 1) for field in fields)
            body = await reader.readexactly(int(fields.get("content-length", 0)))
            method, path, _ = request.split()
            channel = path.split("/")[2].split("?")[0] if path.count("/") > 1 else ""
            if path == "/healthz":
                writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
            elif path == "/metrics":
                said = f"process_cpu_seconds_total {time.process_time()}\\n"
                said += "process_resident_memory_bytes 1000\\n"
                line = f"HTTP/1.1 200 OK\\r\\nContent-Length: {len(said)}\\r\\n\\r\\n"
                writer.write((line + said).encode())
            elif sys.argv[2] not in head or "REFUSE" in sys.argv:
                print("refused:", head, file=sys.stderr, flush=True)
                said = f"not with {head}".encode()
                line = f"HTTP/1.1 403 No\\r\\nContent-Length: {len(said)}\\r\\n\\r\\n"
                writer.write(line.encode() + said)
            elif method == "POST":
                for one in readers.get(channel, ()):
                    one.write(b"data: " + body + b"\\n\\n")
                writer.write(b"HTTP/1.1 204 Taken\\r\\n\\r\\n")
            else:
                readers.setdefault(channel, []).append(writer)
                writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\n\\r\\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()

async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()

asyncio.run(main())
"""

OWN = """\
clients = 4
channels = "rooms"
room_size = 2
warmup_s = 0
duration_s = 0.4
rate_per_s = 20
parts_s = 0
[system]
start = "{{python}} server.py {{port}} {{env.OWN_SERVER_S_KEY}} {more}"
ready = "/healthz"
[system.publish]
path = "/rooms/{{channel}}"
headers = {{ authorization = "Bearer {{env.OWN_SERVER_S_KEY}}" }}
[system.sse]
path = "/rooms/{{channel}}?key={{env.OWN_SERVER_S_KEY}}"
"""


def run(folder: Path, more: str = "") -> Run:
    (folder / "server.py").write_text(SERVER)
    (folder / "mine.toml").write_text(OWN.format(more=more))
    asked = load_scenario(folder / "mine.toml")
    assert SECRET not in repr(asked)
    return Run.load(asyncio.run(run_scenario(asked, out=folder / "out", command=sys.argv)))


ATTACHED = """
url = "http://127.0.0.1:{port}"
metrics = "http://127.0.0.1:{port}/{metrics}"
"""


async def attached(folder: Path, metrics: str) -> Run:
    """A run of a server that was there before."""
    (folder / "server.py").write_text(SERVER)
    (port,) = free_ports(1)
    words = [sys.executable, str(folder / "server.py"), str(port), SECRET]
    process = await asyncio.create_subprocess_exec(*words, env=child_environment())
    try:
        await until_ready(None, f"http://127.0.0.1:{port}", "/healthz", PATIENCE_S)
        start = next(line for line in OWN.splitlines() if line.startswith("start"))
        text = OWN.replace(start, ATTACHED).format(port=port, metrics=metrics)
        (folder / "mine.toml").write_text(text)
        asked = load_scenario(folder / "mine.toml")
        found = Run.load(await run_scenario(asked, out=folder / "out"))
        assert process.returncode is None, "it goes on"
        return found
    finally:
        process.kill()
        await process.wait()


def told_in(folder: Path) -> str:
    """All that a folder holds, its tables in words."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    tables = [str(pq.read_table(path).to_pydict()) for path in files if path.suffix == ".parquet"]
    assert tables
    return "".join([*(path.read_bytes().decode("latin-1") for path in files), *tables])


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWN_SERVER_S_KEY", SECRET)


def test_a_server_of_ten_lines_is_measured_and_its_secret_kept(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = run(tmp_path)
    (trial,) = found.trials
    assert (trial.status, trial.reason) == ("ok", None)
    assert (trial.cell, trial.system) == ("sse on mine", "mine")
    assert trial.server is not None
    assert trial.server.cpu_s is not None
    told = told_in(found.path)
    assert "{env.OWN_SERVER_S_KEY}" in told
    assert SECRET not in told
    assert SECRET not in "".join(capfd.readouterr())


def test_what_a_server_says_of_the_secret_in_its_anger_is_taken_out(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = run(tmp_path, "REFUSE")
    (trial,) = found.trials
    assert trial.status == "failed"
    assert trial.reason is not None
    assert "403" in trial.reason
    assert SECRET not in told_in(found.path)
    assert SECRET not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("metrics", "unwatched"),
    [
        ("metrics", ""),
        pytest.param("nothing", r"metrics: .*/nothing: answers 403", marks=pytest.mark.soak),
    ],
)
async def test_what_an_attached_server_uses_is_read_where_it_tells(
    tmp_path: Path, metrics: str, unwatched: str
) -> None:
    (trial,) = (await attached(tmp_path, metrics)).trials
    assert (trial.status, trial.reason) == ("ok", None)
    assert trial.server is not None
    assert not trial.server.fresh
    assert re.fullmatch(unwatched, trial.server.unwatched)
    if unwatched:
        assert trial.server.cpu_s is None
    else:
        assert trial.server.cpu_s is not None
        assert 0 < trial.server.cpu_s < PATIENCE_S
        assert trial.server.rss_bytes == 1000
