"""Every program in examples/ runs, as a reader would start it, and does what it says."""

import contextlib
import json
import os
import queue
import re
import subprocess
import sys
import threading
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import pushlab
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
KEY = "of the examples"
pytestmark = pytest.mark.long


class Program:
    """A program that runs, and what it prints, line by line."""

    def __init__(self, words: list[str], environment: dict[str, str], cwd: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *words],
            env=environment,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put("(it has ended)")

    def line(self) -> str:
        return self._lines.get(timeout=PATIENCE_S)

    def until(self, pattern: str) -> re.Match[str]:
        """Its next line that has this; what came before is passed over."""
        passed = []
        while True:
            try:
                passed.append(self.line())
            except queue.Empty:
                pytest.fail(f"no {pattern!r} within {PATIENCE_S:g} s, but {passed}")
            if found := re.search(pattern, passed[-1]):
                return found
            assert passed[-1] != "(it has ended)", passed

    def say(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()


@contextlib.contextmanager
def running(*words: str, cwd: Path = ROOT, **environment: str) -> Iterator[Program]:
    program = Program(list(words), {**os.environ, **environment}, cwd)
    try:
        yield program
    finally:
        program.process.terminate()
        program.process.wait(PATIENCE_S)


class House:
    """A hub, and the presence example that it tells of comings and goings."""

    def __init__(self, url: str, application: Program) -> None:
        self.environment = {"PUSHLAB_HUB": url, "PUSHLAB_API_KEY": KEY}
        self.application = application

    def started(self, name: str, *words: str) -> contextlib.AbstractContextManager[Program]:
        return running(str(EXAMPLES / name), *words, **self.environment)

    def publish(self, channel: str, text: str) -> None:
        done = subprocess.run(
            [sys.executable, EXAMPLES / "publish.py", channel, text],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    serve = ("-m", "pushlab", "serve", "--port", "0", "--broker", "none", "--presence-url")
    with running(str(EXAMPLES / "presence.py"), "0") as application:
        told = application.until("http://.*").group()
        with running(*serve, told, PUSHLAB_API_KEY=KEY) as hub:
            yield House(hub.until("hub on (http://.*)").group(1), application)


def run(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.parametrize("transport", ["sse", "long-polling"])
def test_what_is_published_is_printed_and_who_reads_is_present(house, transport):
    channel = f"news over {transport}"
    with house.started("subscribe.py", channel, "--transport", transport, "--most", "2") as reader:
        reader.until("^listening")
        house.publish(channel, "The kettle boils")
        assert reader.line() == "1 The kettle boils"
        house.publish(channel, "and whistles")
        assert reader.line() == "2 and whistles"
        assert reader.process.wait(PATIENCE_S) == 0
    house.application.until(f"/connected/ {channel}; here: .*{channel}")
    gone = house.application.until(f"/disconnected/ {channel}; here: (.*)")
    assert channel not in gone.group(1)


def test_a_hub_that_is_not_there_is_told_in_one_line(tmp_path):
    nowhere = {"PUSHLAB_HUB": "http://127.0.0.1:1", "PUSHLAB_API_KEY": KEY}
    done = run(str(EXAMPLES / "publish.py"), "news", "hello", cwd=tmp_path, **nowhere)
    assert done.returncode == 1
    assert done.stderr.startswith("not sent: the hub at http://127.0.0.1:1 did not answer")
    assert done.stderr.count("\n") == 1


def test_two_people_chat(house):
    with (
        house.started("chat.py", "ada", "kitchen") as ada,
        house.started("chat.py", "bob", "kitchen") as bob,
    ):
        bob.until("bob is here")
        ada.until("bob is here|ada is here")
        ada.say("is there tea?")
        assert bob.until("tea").string == "ada: is there tea?"
        bob.say("there is")
        assert ada.until("there is$").string == "bob: there is"


def test_chat_is_as_short_as_it_says():
    text = (EXAMPLES / "chat.py").read_text().partition('"""\n\n')[2]
    assert len([line for line in text.splitlines() if line.strip()]) <= 30


def test_reading_goes_on_where_it_ended(house, tmp_path):
    bookmark = str(tmp_path / "bookmark")
    with house.started("resume.py", "serial", bookmark) as reader:
        reader.until("^reading from now on")
        house.publish("serial", "part one")
        reader.until("^1 part one")
    house.publish("serial", "part two")  # while nobody reads
    with house.started("resume.py", "serial", bookmark) as reader:
        assert reader.until("^reading on from ").string.endswith("-1")
        assert reader.line() == "2 part two"
    Path(bookmark).write_text("anotherlife-7")
    with house.started("resume.py", "serial", bookmark) as reader:
        reader.until("^missed what came after anotherlife-7")


async def test_the_application_of_2011_reaches_its_pages(house):
    names = {"PYTHONPATH": str(ROOT / "appengine")}  # as an installation has them
    program = str(EXAMPLES / "moved_from_2011.py")
    with running(program, "0", **house.environment, **names) as application:
        url = application.until("http://.*").group()

        def get(path: str, data: bytes | None = None) -> str:
            place = path if path.startswith("http") else url + path
            with urllib.request.urlopen(place, data, timeout=PATIENCE_S) as answer:
                return str(answer.read().decode())

        hub = house.environment["PUSHLAB_HUB"]
        page = get("/")
        found = re.search(r'new goog\.appengine\.Channel\("([^"]+)"\)', page)
        assert found is not None
        assert f'src="{hub}/_ah/channel/jsapi"' in page
        assert "goog.appengine.Channel = " in get(f"{hub}/_ah/channel/jsapi")
        async with pushlab.connect(hub, found.group(1), transport="channel-api-dev") as messages:
            assert get("/add", b"") == ""
            assert (await anext(aiter(messages))).data == "1"
        player = house.application.until(r"/disconnected/ ([0-9a-f-]{36});").group(1)
        assert get("/_ah/channel/disconnected/", f"from={player}".encode()) == ""
        get("/add", b"")
        assert '<p id="total">2</p>' in get("/")


def test_a_chart_of_ones_own(tmp_path):
    reference = str(ROOT / "results" / "reference")
    done = run(str(EXAMPLES / "custom_chart.py"), reference, "own.svg", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "own.svg\n"), done.stderr
    assert "<svg" in (tmp_path / "own.svg").read_text()


def test_a_scenario_of_ones_own(tmp_path):
    done = run(str(EXAMPLES / "measure_your_own.py"), "runs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    *cells, path = done.stdout.splitlines()
    assert [cell.partition(":")[0] for cell in cells] == ["short-polling", "websocket"]
    for cell in cells:
        assert "200 deliveries, 0 lost" in cell
    assert (tmp_path / path / "run.json").exists()


@pytest.mark.soak
def test_a_sweep_cell_by_cell(tmp_path):
    done = run(str(EXAMPLES / "sweep_notebook.py"), "--out", "runs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert head.endswith("hits per client and second")
    assert [row.split()[0] for row in rows] == ["0.1", "0.4"]
    assert [row.count("model") for row in rows] == [2, 2]


@pytest.mark.soak
def test_the_gate_opens_and_shuts(tmp_path):
    done = run(str(EXAMPLES / "ci_gate.py"), "lost==0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 of 1 met" in done.stdout
    done = run(str(EXAMPLES / "ci_gate.py"), "lost==0", "delivered==0", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "1 of 2 met" in done.stdout


def plugged_in(tmp_path: Path) -> dict[str, str]:
    """What `pip install ./examples/plugin` would do to the path, from its own pyproject.toml."""
    project = tomllib.loads((EXAMPLES / "plugin" / "pyproject.toml").read_text())["project"]
    about = tmp_path / "site" / f"{project['name'].replace('-', '_')}-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1\n")
    ((group, entries),) = project["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {what}" for name, what in entries.items())]
    (about / "entry_points.txt").write_text("\n".join(lines))
    return {"PYTHONPATH": f"{tmp_path / 'site'}{os.pathsep}{EXAMPLES / 'plugin'}"}


def test_the_plug_in_is_listed_and_keeps_the_contract(tmp_path):
    path = plugged_in(tmp_path)
    listed = run("-m", "pushlab", "transports", cwd=tmp_path, **path)
    assert "backing-off" in listed.stdout, listed.stderr
    proof = str(EXAMPLES / "plugin" / "test_backing_off.py")
    told = ("-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(tmp_path))
    clauses = "fan_out or exactly_once or two_cursors or resume or any_text"
    done = run("-m", "pytest", *told, "-k", clauses, proof, cwd=tmp_path, **path)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.soak
def test_the_plug_in_asks_less_while_nothing_comes(tmp_path):
    """The one thing that it is for: held against short polling at the same interval."""
    path = plugged_in(tmp_path)
    (tmp_path / "quiet.toml").write_text(
        'name = "quiet"\nclients = 4\nrate_per_s = 0.5\narrivals = "constant"\nduration_s = 2.0\n'
        'warmup_s = 0.1\nparts_s = 0.0\n[[transport]]\nname = "short-polling"\ninterval_s = 0.05\n'
        '[[transport]]\nname = "backing-off"\ninterval_s = 0.05\nlongest_s = 0.4\n'
    )
    words = ("compare", "quiet.toml", "--no-charts", "--json")
    done = run("-m", "pushlab", *words, cwd=tmp_path, **path)
    assert done.returncode == 0, done.stderr
    cells = json.loads(done.stdout)["transports"]
    assert cells["backing-off"]["lost"] == cells["backing-off"]["duplicated"] == 0
    assert 0 < cells["backing-off"]["hits_total"] < cells["short-polling"]["hits_total"] / 2


def test_every_example_is_tried_here():
    here = Path(__file__).read_text()
    names = [path.name for path in EXAMPLES.rglob("*.py")]
    assert len(names) >= 10
    assert [name for name in names if name not in here and name != "backing_off.py"] == []
