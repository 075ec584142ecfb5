"""The output as it is: of another encoding, closed, full, or with a reader who left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

RUN = str(Path(__file__).parents[2] / "results" / "reference")
#: Runs commands as on a system that lacks what Unix has: it blocks what nobody else has loaded.
BLOCKED = """
import asyncio, pathlib, psutil, subprocess, sys, tempfile

NAMES = {"fcntl", "resource", "uvloop"}

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name in NAMES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for name in NAMES:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Blocked())
from pushlab.cli import main
for line in sys.stdin:
    try:
        print("STATUS", main(line.split()), flush=True)
    except SystemExit as left:
        print("STATUS", left.code, flush=True)
"""


def pushlab(*words, **how):
    how = {"capture_output": True, "timeout": PATIENCE_S, **how}
    return subprocess.run([sys.executable, "-m", "pushlab", *words], check=False, **how)


def test_a_terminal_that_lacks_letters_gets_their_nearest_and_json_loses_none():
    words = ["predict", "--clients", "1e6", "--rate-per-client", "1/h"]
    script = (
        "from pushlab.cli import main; from pushlab.commands.terminal import json_text;"
        f"main({words}); print('\\u2248 \\u2026 \\u96ea \\udcff');"
        "print(json_text('\\u2248'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=PATIENCE_S,
        check=True,
    )
    assert done.stderr == b""
    text = done.stdout.decode("ascii")
    assert "1,000,000 clients" in text
    *told, letters, as_json = text.splitlines()
    assert "\\u" not in "".join(told)
    assert letters == "~ ... ? ?"
    assert as_json == r'"\u2248"'


def test_a_reader_who_left_is_no_trouble():
    for words in (["scenarios", "--keys"], ["show", RUN]):
        reading, writing = os.pipe()
        os.close(reading)
        done = pushlab(*words, capture_output=False, stdout=writing, stderr=subprocess.PIPE)
        os.close(writing)
        assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_behind_the_output_is_told():
    with open("/dev/full", "wb") as full:
        done = pushlab("transports", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == b"pushlab: the output cannot be written: No space left on device\n"


def test_closed_streams_are_no_trouble_and_no_file_takes_their_place():
    def close():
        os.close(0)
        os.close(1)

    done = pushlab("show", "nothing", preexec_fn=close, capture_output=False, stderr=-1)
    assert (done.returncode, done.stderr) == (2, b"pushlab: nothing: no such run folder\n")
    script = (
        "import os; from pushlab.cli.output import prepare_output as f; os.closerange(0, 3); f();"
        "assert os.open('/dev/zero', os.O_RDONLY) > 2"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=PATIENCE_S)


def test_reading_and_predicting_need_no_unix(tmp_path):
    lines = {
        "--help": 0,
        "compare --help": 0,
        f"show {RUN}": 0,
        f"export {RUN} --what trials --out {tmp_path / 'x.csv'}": 0,
        f"diff {RUN} {RUN}": 0,
        f"check {RUN} --slo p50<9s": 0,
        "predict --clients 1e4 --rate-per-client 1/h": 0,
        "scenarios": 0,
        "compare tiny": 1,
        "serve --port 0": 1,
        f"resume {RUN}": 1,
    }
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=tmp_path,
        check=False,
    )
    found = [int(line.split()[1]) for line in done.stdout.splitlines() if line[:6] == "STATUS"]
    assert found == list(lines.values()), done.stderr
    told = done.stderr.splitlines()
    assert len(told) == 3
    assert all("they run on Linux and macOS; reading" in line for line in told)
