"""The command line: one clear line for bad input, and nothing lost by Ctrl-C."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pushlab.cli import main
from tests.patience import PATIENCE_S


def pushlab(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pushlab", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def here(
    capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    """The same in this process."""
    status = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return subprocess.CompletedProcess(arguments, status, said.out, said.err)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small run, made by the command itself."""
    folder = tmp_path_factory.mktemp("cli")
    done = pushlab("compare", "tiny", "--transports", "sse", cwd=folder)
    assert done.returncode == 0, done.stderr
    (run,) = (folder / "results").iterdir()
    return run


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert done.stderr.startswith("pushlab")
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["compare", "tiny", "--transports", "pigeon"], ["pigeon", "websocket"]),
        (["compare", "no-such-scenario"], ["no-such-scenario", "quick"]),
        (["compare", "tiny", "--rate", "-1"], ["--rate", "-1"]),
        (["compare", "tiny", "--poll-interval", "0"], ["--poll-interval"]),
        (["compare", "tiny", "--clients", "900000"], ["900,000", "descriptors"]),
        (["compare", "tiny", "--broker", "mqtt://a:secret@127.0.0.1:9"], ["127.0.0.1:9"]),
        (["compare", "tiny", "--broker", "rabbit"], ["rabbit", "embedded"]),
        (["show", "nowhere"], ["nowhere"]),
        (["chart"], ["results"]),
        (["serve", "--port", "70000"], ["70000"]),
        (["serve", "--host", "203.0.113.1", "--broker", "none"], ["203.0.113.1", "listen"]),
        (["serve", "--certfile", "no.pem"], ["no.pem", "No such file"]),
        (["serve", "--keyfile", "no.pem"], ["--keyfile", "--certfile"]),
        (["compare", "tiny", "--jitter-ms", "5"], ["--jitter-ms", "one_way_ms"]),
        (["compare", "tiny", "--kbit-per-s", "-1"], ["--kbit-per-s"]),
        (["crossovers", "--poll-interval", "1,5s"], ["--poll-interval", "1,5s", "500ms"]),
        (["crossovers", "--clients", "1,0000"], ["--clients", "1,0000", "1e6"]),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str],
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        status = main(arguments)
    except SystemExit as left:  # argparse leaves by itself
        status = int(left.code or 0)
    said = capsys.readouterr()
    done = subprocess.CompletedProcess(arguments, status, said.out, said.err)
    refused(done, *words)
    assert "secret" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_command_itself_ends_so_too(tmp_path: Path) -> None:
    done = pushlab("compare", "tiny", "--broker", "mqtt://a:secret@127.0.0.1:9", cwd=tmp_path)
    refused(done, "127.0.0.1:9")
    assert "secret" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_key_is_told_with_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.toml").write_text("cleints = 3\n")
    refused(here(capsys, "compare", tmp_path / "mine.toml"), "mine.toml", "cleints", "clients")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "compare tiny --clients abc",
            "pushlab compare: argument --clients: 'abc' is not a whole number such as 50 or 1e3,"
            " or a list such as 50,100 (see pushlab compare --help)",
        ),
        ("compare tiny --clients 1.5", "'1.5' is not a whole number"),
        ("compare tiny --clients 50,,100", "--clients: '' is not a whole number"),
        ("compare tiny --rate 1/fortnight", "--rate: '1/fortnight' is not a rate such as 2/s"),
        ("compare tiny --duration 5,long", "--duration: 'long' is not a time such as 5s"),
        ("compare tiny --one-way-ms inf", "--one-way-ms: 'inf' is not a number such as 80"),
        ("compare tiny --seed x", "--seed: 'x' is not a whole number such as 1"),
        ("compare tiny --client robot", "argument --client: invalid choice: 'robot'"),
        ("compare tiny --fast", "pushlab compare: unrecognized arguments: --fast (see pushlab c"),
        ("capacity sse", "pushlab capacity: the following arguments are required: --slo"),
        ("capacity sse --slo x --clients 50,100", "'50,100' must be one value, without a comma"),
        ("capacity sse --slo x --max many", "--max: 'many' is not a number such as 5000"),
        ("serve --port abc", "--port: 'abc' is not a whole number such as 8000 (see pushlab s"),
        ("predict --headroom half", "--headroom: 'half' is not a number such as 0.5"),
        ("predict --headroom nan", "--headroom: 'nan' is not a number such as 0.5"),
        ("diff a b --threshold nan", "--threshold: 'nan' is not a number such as 10 (see"),
        ("diff a b --threshold much", "--threshold: 'much' is not a number such as 10 (see"),
        ("pigeon", "pushlab: argument COMMAND: invalid choice: 'pigeon'"),
        ("", "pushlab: the following arguments are required: COMMAND (see pushlab --help)"),
        ("--fast", "pushlab: "),
    ],
)
def test_what_the_parser_refuses_is_one_line(
    words: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(words.split())
    assert left.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert told in said.err
    assert re.fullmatch(r"pushlab.*: .* \(see pushlab.* --help\)\n", said.err)


def test_a_line_break_in_an_argument_makes_no_second_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["compare", "--fa\nst"])
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("--clients 1e2", {"clients": 100}),
        ("--clients 50,100,2e2", {"clients": [50, 100, 200]}),
        ("--seed 9007199254740993", {"seed": 9007199254740993}),
        ("--poll-interval 5s", {"poll_interval_s": 5.0}),
        ("--poll-interval 500ms,2,1min", {"poll_interval_s": [0.5, 2.0, 60.0]}),
        ("--duration 2min", {"duration_s": 120.0}),
        ("--duration 7", {"duration_s": 7.0}),
        ("--rate 30/min", {"rate_per_s": 0.5}),
        ("--rate 2", {"rate_per_s": 2.0}),
    ],
)
def test_quantities_are_read_alike_by_all_that_measure(
    words: str, read: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []

    def measure(*_: object, overrides: dict[str, object], **__: object) -> int:
        asked.append({key: value for key, value in overrides.items() if value is not None})
        return 0

    monkeypatch.setattr("pushlab.commands.compare.compare", measure)
    monkeypatch.setattr("pushlab.commands.capacity.capacity", measure)
    assert main(["compare", "tiny", *words.split()]) == 0
    if not any(isinstance(value, list) for value in read.values()):  # a search has no grid
        assert main(["capacity", "sse", "--slo", "p95<1s", *words.split()]) == 0
    assert asked
    assert all(one == read for one in asked)
    assert all(type(one[key]) is type(value) for one in asked for key, value in read.items())


def test_reading_arguments_loads_nothing_large(tmp_path: Path) -> None:
    code = """
import sys
from pushlab.cli import main
try:
    main(["compare", "--clients", "1e3", "--rate", "much"])
except SystemExit:
    print(*{"numpy", "pyarrow", "matplotlib", "rich"} & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("command", ["show", "chart", "report", "resume", "cost"])
def test_a_file_in_place_of_a_run_is_told(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a-file").write_text("")
    status = main([command, "a-file"])
    said = capsys.readouterr()
    done = subprocess.CompletedProcess(command, status, said.out, said.err)
    refused(done, "a-file", "is a file", "folder")


@pytest.mark.parametrize("command", ["show", "chart", "report", "resume", "cost"])
def test_a_name_that_no_folder_can_have_is_told(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "x" * 300]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.endswith("no such run folder")


@pytest.mark.parametrize(
    ("out", "words"),
    [("there", ["is a folder", "there/trials.csv"]), ("rows", ["rows", "parquet"])],
)
def test_a_name_that_tells_no_format_is_told(
    out: str,
    words: list[str],
    run_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there").mkdir()
    status = main(["export", str(run_folder), "--what", "trials", "--out", out])
    said = capsys.readouterr()
    refused(subprocess.CompletedProcess(out, status, said.out, said.err), *words)


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused(pushlab("serve", "--port", port, "--broker", "none", cwd=tmp_path), port, "in use")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text[:200], ["run.json"]),
        (lambda text: re.sub(r'"schema_version": *1', '"schema_version": 99', text), ["99"]),
    ],
)
def test_a_damaged_or_newer_run_is_refused(run_folder, tmp_path, capsys, damage, words) -> None:
    copy = tmp_path / "run"
    copy.mkdir()
    (copy / "run.json").write_text(damage((run_folder / "run.json").read_text()))
    refused(here(capsys, "chart", copy), *words)


def test_a_run_has_its_charts_and_its_table(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    charts = sorted(path.name for path in (run_folder / "charts").iterdir())
    assert [name for name in charts if name.endswith(".png")]
    assert [name for name in charts if name.endswith(".svg")]
    shown = here(capsys, "show", run_folder)
    assert shown.returncode == 0
    assert "sse" in shown.stdout
    figures = json.loads(here(capsys, "show", run_folder, "--json").stdout)
    cell = figures["transports"]["sse"]
    assert cell["delivered"] == cell["expected"] > 0


#: A call of each command that takes ``--out``; RUN stands for a run's folder.
WRITING = {
    "compare": ["tiny"],
    "savings": ["--users", "2", "--rate-per-user", "1/s"],
    "capacity": ["sse", "--slo", "p95<1s"],
    "reproduce": ["rfc6202-transits"],
    "chart": ["RUN"],
    "report": ["RUN"],
    "export": ["RUN", "--format", "csv"],
    "cost": ["RUN"],
    "energy": ["RUN"],
    "crossovers": [],
    "advise": ["RUN"],
    "workload": ["from-log", "LOG", "--path", "/poll"],
}
LOG_LINE = '1.2.3.4 - - [30/Nov/2026:12:00:{:02} +0000] "GET /poll HTTP/1.1" 204 0 "-" "-"\n'


def test_each_command_that_takes_out_is_tested(capsys: pytest.CaptureFixture[str]) -> None:
    def help_of(*words: str) -> str:
        with pytest.raises(SystemExit):
            main([*words, "--help"])
        return capsys.readouterr().out

    commands = re.findall(r"^  (\w+)  ", help_of(), re.M)
    assert len(commands) > len(WRITING)
    found = {name for name in commands if "--out" in help_of(name)}
    assert found - {"gate"} == set(WRITING)  # which has one of its own where it runs programs


@pytest.mark.parametrize("out", ["there", "a-file/inner", "/proc/y", "long" * 100])
@pytest.mark.parametrize("command", WRITING)
def test_an_out_that_cannot_be_written_is_one_line(
    command: str,
    out: str,
    run_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a-file").write_text("precious")
    Path("log").write_text("".join(LOG_LINE.format(second) for second in range(30)))
    if command in ("report", "export", "advise"):  # they write a file, the others a folder
        Path("there").mkdir()
    else:
        Path("there").write_text("precious")
    before = sorted(tmp_path.iterdir())
    paths = {"RUN": str(run_folder), "LOG": "log"}
    words = [paths.get(word, word) for word in WRITING[command]]
    status = main([command, *words, "--out", out])
    said = capsys.readouterr()
    told = said.err
    if command == "savings":  # which tells of the machine first
        told = told.removeprefix(f"{told.splitlines()[0]}\n")
    refused(subprocess.CompletedProcess(words, status, said.out, told), out)
    assert sorted(tmp_path.iterdir()) == before
    assert Path("a-file").read_text() == "precious"


def test_so_it_is_without_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a-file").write_text("precious")
    load = ["--rate-per-client", "1/min", "--out", "a-file"]
    for words in (["cost", "--clients", "1e6", *load], ["energy", *load]):
        status = main(words)
        said = capsys.readouterr()
        refused(subprocess.CompletedProcess(words, status, said.out, said.err), "a-file")


def test_a_chart_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_the_way = tmp_path / "when-push-loses.svg"
    in_the_way.mkdir()
    assert main(["crossovers", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"pushlab: {tmp_path}: charts cannot be written there")
    assert said.count("\n") == 1
