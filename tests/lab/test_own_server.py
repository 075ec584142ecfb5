"""A run of a server of one's own, as a [system] table describes it; its secret goes nowhere."""

import asyncio
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.runs import Run

SECRET = "swordfish-1/2"

SERVER = """
import asyncio, sys
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
