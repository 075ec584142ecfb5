"""A folder that somebody made to break a reader: one line, exit status 2, no traceback."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.cli import main
from pushlab.errors import RunError
from pushlab.runs import Run
from tests.runs.simulated import Cell, simulate

READERS = (
    "show RUN",
    "show RUN --json",
    "report RUN",
    "check RUN --slo lost==0",
    "diff RUN RUN",
    "export RUN",
    "cost RUN --no-charts",
    "energy RUN --no-charts",
    "predict --validate RUN",
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = simulate(tmp_path_factory.mktemp("whole"), Cell("sse", "sse"), clients=4, per_channel=4)
    return (path / "run.json").read_text()


def changed(change: Callable[[dict], object]) -> Callable[[str], bytes]:
    def make(whole: str) -> bytes:
        document = json.loads(whole)
        change(document)
        return json.dumps(document).encode()

    return make


def deep(depth: int) -> Callable[[str], bytes]:
    return lambda whole: whole.replace('"trials": [', '"trials": [' + "[" * depth, 1).encode()


HOSTILE: dict[str, tuple[Callable[[str], bytes], str]] = {
    "a kilobyte of [": (lambda _: b"[" * 1_000, "run.json"),
    "100 kB of [": (lambda _: b"[" * 100_000, "lists within lists without end"),
    "100 kB of {": (lambda _: b'{"a":' * 20_000, "lists within lists without end"),
    "nested lists": (changed(lambda d: d.update(trials=[[[[]]]])), "trials[0]"),
    "a clause that is a number": (
        changed(lambda d: d.update(verified={"sse": {"resume": {"verdict": "holds", "said": 7}}})),
        "verified.sse.resume.said must be str, not int",
    ),
    "nested too deep": (deep(100_000), "lists within lists without end"),
    "a number of 5,000 digits": (
        lambda whole: whole.replace('"seed": ', '"seed": ' + "9" * 5_000, 1).encode(),
        "line 12: a number of thousands of digits",
    ),
    "1e12 clients": (
        changed(lambda d: d["trials"][0].update(clients=10**12)),
        "clients: 1000000000000 is out of range; it must be from 0 to 1,000,000",
    ),
    "1e12 clients, as a float": (
        changed(lambda d: d["trials"][0].update(clients=1e12)),
        "trials[0].clients: Expected `int`",
    ),
    "a scenario of text": (
        changed(lambda d: d["scenario"].update(clients="4")),
        "scenario.clients",
    ),
    "NaN": (lambda whole: whole.replace('"seed": ', '"seed": NaN, "x": ', 1).encode(), "finite"),
    "Infinity": (changed(lambda d: d.update(seed=float("inf"))), "not finite"),
    "1e999": (lambda whole: whole.replace('"seed": ', '"x": 1e999, "seed": ').encode(), "finite"),
    "a key twice": (
        lambda whole: whole.replace('"seed": ', '"seed": 3, "seed": ', 1).encode(),
        "twice",
    ),
    "UTF-16": (lambda whole: whole.encode("utf-16"), "not JSON"),
    "Latin-1": (lambda whole: whole.replace("sse", "sse\xe9").encode("latin-1"), "not JSON"),
    "nothing": (lambda _: b"", "not JSON"),
    "a zero byte": (lambda whole: whole.replace("{", "{\0", 1).encode(), "not JSON"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("command", READERS)
def test_a_hostile_run_is_one_line(
    name: str, command: str, whole: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, words = HOSTILE[name]
    (tmp_path / "run.json").write_bytes(make(whole))
    status = main([str(tmp_path) if word == "RUN" else word for word in command.split()])
    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert f"{tmp_path / 'run.json'}: " in said.err
    assert words in said.err


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.data())
def test_any_value_at_any_place_is_taken_or_told_in_one_line(
    whole: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    document = json.loads(whole)
    at, key = document, data.draw(st.sampled_from(list(document)))
    while isinstance(at[key], dict | list) and at[key] and data.draw(st.booleans()):
        at = at[key]
        key = data.draw(st.sampled_from(list(at) if isinstance(at, dict) else range(len(at))))
    at[key] = data.draw(json_values)
    folder = tmp_path_factory.mktemp("any")
    (folder / "run.json").write_text(json.dumps(document))
    told = ""
    try:
        Run.load(folder)
    except RunError as error:
        told = str(error)
    assert "\n" not in told
    assert len(told) < 500 + len(str(folder))


def test_a_hostile_sweep_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("[" * 100_000, '{"schema_version": 1, "points": [[]]}', '{"schema_version": 1}'):
        (tmp_path / "sweep.json").write_text(text)
        for command in ("show", "resume", "chart"):
            assert main([command, str(tmp_path)]) == 2
            said = capsys.readouterr().err
            assert said.count("\n") == 1
            assert "sweep.json" in said


def test_reading_a_runs_head_loads_no_library() -> None:
    reference = Path(__file__).parents[2] / "results/reference"
    code = (
        "import sys; from pushlab.runs.head import RunHead; from pathlib import Path;"
        f"RunHead.load(Path({str(reference)!r}));"
        "print(*{'numpy', 'pyarrow', 'msgspec', 'scipy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    "summary", [{"transports": {"sse": 3}}, {"transports": [1]}, {"transports": {"sse": {}}}]
)
@pytest.mark.parametrize("command", ["show", "check --slo lost==0"])
def test_a_summary_that_no_analysis_made_is_one_line(
    summary: dict, command: str, whole: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.json").write_text(json.dumps({**json.loads(whole), "summary": summary}))
    assert main([*command.split(), str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"pushlab: {tmp_path / 'run.json'}: summary: is not what")
    assert said.count("\n") == 1
