"""What no flag and no file is made for: one line, exit status 2, no traceback."""

import contextlib
import math
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.analysis.cost.book import load_book
from pushlab.analysis.papers.expressions import evaluate
from pushlab.analysis.slo.objectives import parse_objective
from pushlab.cli import main
from pushlab.errors import UsageError
from pushlab.quantities import parse_bytes, parse_seconds, parse_whole

ROOT = Path(__file__).parents[2]
RUN = str(ROOT / "results/reference")
VALUES = ("9" * 5_000, "1" + "0" * 400, "1e999", "nan", "[" * 1_000, "\0", "", "-1", "1," * 2_000)
NUMBERS = (
    "compare tiny --clients",
    "compare tiny --rate",
    "compare tiny --duration",
    "compare tiny --seed",
    "compare tiny --one-way-ms",
    "compare tiny --retain-bytes",
    "compare tiny --keep-alive",
    "compare tiny --poll-interval",
    "capacity sse --slo p95<1s --max",
    "capacity sse --slo p95<1s --precision",
    "serve --port",
    "serve --broker none --hold",
    "predict --rate-per-client 1/h --clients",
    "energy --rate-per-client",
    "cost --rate-per-client 1/s --clients",
    "crossovers --clients",
    f"diff {RUN} {RUN} --threshold",
)
WORDS = (
    "compare",
    "compare tiny --transports",
    "compare tiny --broker",
    f"check {RUN} --slo",
    "capacity sse --slo",
    "show",
    "reproduce",
    f"export {RUN} --what",
)


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = main(words)
    except SystemExit as left:
        status = left.code
    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert len(said.err) < 1_200


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
@pytest.mark.parametrize("command", NUMBERS)
def test_a_number_that_is_none(
    command: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    refused([*command.split(), value], capsys)


@pytest.mark.parametrize("value", ["[" * 1_000, "9" * 5_000, "\0", "a." * 2_000, "(" * 5_000])
@pytest.mark.parametrize("command", WORDS)
def test_a_word_that_is_none(command: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    refused([*command.split(), value], capsys)


@pytest.mark.parametrize(
    "text",
    ["x = " + "[" * 100_000, "x = " + "9" * 5_000, "clients = 1\nclients = 2", "\0", "\ufeffx = 1"],
    ids=range(5),
)
@pytest.mark.parametrize(
    "command", ["compare", "capacity sse --slo p95<1s --scenario", "reproduce"]
)
def test_a_toml_file_that_is_none(
    command: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.toml").write_text(text)
    refused([*command.split(), str(tmp_path / "mine.toml")], capsys)


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"offer,usd\n" + b"9" * 5_000, b"\0", b"\xff\xfe"]
)
def test_prices_that_are_none(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.csv").write_bytes(content)
    words = ["cost", "--clients", "10", "--rate-per-client", "1/s", "--prices"]
    refused([*words, str(tmp_path / "mine.csv")], capsys)


HEAD = "provider,product,item,usd,per,source,read,confidence,above,up_to,free,step_bytes\n"


@given(text=st.text(alphabet='a0.,"\n\r\0e-', max_size=80), headed=st.booleans())
def test_garbage_for_prices_is_taken_or_told(
    tmp_path_factory: pytest.TempPathFactory, text: str, headed: bool
) -> None:
    path = tmp_path_factory.mktemp("csv") / "mine.csv"
    path.write_text(HEAD * headed + text, newline="")
    with contextlib.suppress(UsageError):
        load_book(path)


@given(st.text(max_size=60) | st.from_regex(r"(\*|sse)\.?[a-z_.0-9]*[<=>]{1,2}[0-9.e]+m?s?"))
def test_garbage_for_an_objective_is_taken_or_told_in_one_line(text: str) -> None:
    told = ""
    try:
        assert math.isfinite(parse_objective(text).limit)
    except UsageError as error:
        told = str(error)
    assert "\n" not in told


@given(st.text(alphabet="()+-*/<=1ea.'\"[]{} \0", max_size=60))
def test_garbage_for_an_expression_has_a_value_or_is_told(text: str) -> None:
    with contextlib.suppress(UsageError):
        evaluate(text, {"a": 1.0}, {})


@pytest.mark.parametrize(
    "text", ["(" * 10_000, "-" * 10_000 + "1", "9" * 5_000, "'a' * 10**99", "1\0"]
)
def test_an_expression_without_end_is_told(text: str) -> None:
    with pytest.raises(UsageError):
        evaluate(text, {}, {})


@pytest.mark.parametrize(
    "text",
    [
        "p95<" + "1" * 200_000 + " x y",
        "p95<" + "1" * 400 + " x y",
        "p95<" + "1." * 240,
        "." * 490 + "<1",
        "a." * 245 + "<1",
        '"' + "\\" * 480,
        " " * 490 + "<1",
    ],
    ids=lambda text: f"{text[:8]}x{len(text)}",
)
def test_no_objective_takes_long_to_refuse(text: str) -> None:
    begin_s = time.process_time()
    with pytest.raises(UsageError):
        parse_objective(text)
    assert time.process_time() - begin_s < 5  # milliseconds; it was a minute and more


def test_no_pattern_takes_long_to_fit() -> None:
    begin_s = time.process_time()
    goal = parse_objective("*a" * 200 + "b.lost==0")
    assert not goal.asks("a" * 5_000)
    assert goal.asks("a" * 5_000 + "b")
    assert time.process_time() - begin_s < 5


@pytest.mark.parametrize(
    "text", ["1" + " " * 100_000 + "x\nx", "1" * 100_000 + " x y", "," * 99_999]
)
def test_no_quantity_takes_long_to_refuse(text: str) -> None:
    begin_s = time.process_time()
    for parse in (parse_seconds, parse_bytes, parse_whole):
        with pytest.raises(UsageError):
            parse(text)
    assert time.process_time() - begin_s < 5
