from pathlib import Path
from typing import Any

import pytest

from pushlab.systems.registry import system_names
from tests.commands.calling import run

ELSEWHERE = """\
clients = [2, 4]
[system]
url = "https://staging.example"
publish = { path = "/{channel}" }
[system.sse]
path = "/{channel}"
"""


def test_every_server_is_listed_with_its_transports(capsys: Any) -> None:
    status, out, err = run(capsys, "systems")
    assert (status, err) == (0, "")
    lines = [line for line in out.splitlines() if not line.startswith(" ")]
    assert [line.split()[0] for line in lines] == list(system_names())
    assert lines[0].startswith("hub ")
    assert "short-polling, long-polling, sse, websocket" in lines[0]


@pytest.mark.parametrize(
    "command",
    [
        ["compare", "{file}"],
        ["compare", "{file}", "--clients", "2"],
        ["capacity", "sse", "--scenario", "{file}", "--clients", "2", "--slo", "p95<1s"],
    ],
)
def test_another_machine_is_refused_and_nothing_is_begun(
    tmp_path: Path, capsys: Any, command: list[str]
) -> None:
    (tmp_path / "mine.toml").write_text(ELSEWHERE)
    if command[0] == "capacity":
        (tmp_path / "mine.toml").write_text(ELSEWHERE.partition("\n")[2])
    words = [word.format(file=tmp_path / "mine.toml") for word in command]
    status, out, err = run(capsys, *words, "--out", tmp_path / "out")
    assert (status, out) == (2, "")
    assert err.splitlines() == [err.rstrip("\n")]
    assert "mine is on another machine (staging.example)" in err
    assert err.rstrip().endswith("add: --i-may-load staging.example")
    assert not (tmp_path / "out").exists()


def test_a_pair_that_there_is_not_is_told_and_nothing_is_left_of_one_alone(
    tmp_path: Path, capsys: Any
) -> None:
    words = ["compare", "tiny", "--transports", "mqtt", "--systems", "nchan"]
    status, _, err = run(capsys, *words, "--out", tmp_path / "out")
    assert status == 2
    assert err == ("pushlab: --systems: nothing is left to measure: nchan does not speak mqtt\n")
    status, _, err = run(capsys, "compare", "tiny", "--systems", "hub,nchn")
    assert status == 2
    assert "--systems: unknown system 'nchn'; did you mean nchan?" in err
    assert err.count("\n") == 1
