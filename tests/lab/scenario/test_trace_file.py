"""A scenario names a CSV or Parquet file, and has its messages; what is wrong is one line."""

import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pushlab.errors import ScenarioError
from pushlab.lab.scenario.grid import grid_again, load_grid
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.lab.scenario.trace import parse_trace
from pushlab.lab.scenario.trace_file import read_trace, write_trace

TEXT = "0.25 0\n0.25 1 120\n1.5 2 30000\n2.9 1 1\n"
CSV = "time,channel,size\n1.5,2,30000\n0.25,1,120\n0.25,0,\n2.9,1,1\n"
TOML = """
clients = 3
channels = "per-client"
arrivals = "trace"
trace = "{}"
warmup_s = 1
duration_s = 2
[[transport]]
name = "sse"
"""


def write(folder, text=CSV, name="messages.csv"):
    (folder / name).write_text(text)
    (folder / "mine.toml").write_text(TOML.format(name))
    return folder / "mine.toml"


def test_a_file_beside_the_scenario_is_its_trace(tmp_path, monkeypatch):
    path = write(tmp_path)
    monkeypatch.chdir("/")
    made = load_scenario(path)
    assert made.trace == TEXT
    assert made.rate_per_s == pytest.approx(4 / 3 / 3)
    assert made.payload_bytes == round(30_121 / 3)


def test_a_sweep_has_it_too_and_goes_on_without_the_file(tmp_path):
    path = write(tmp_path)
    path.write_text(path.read_text().replace("clients = 3", "clients = [3, 6]"))
    grid = load_grid(path)
    (tmp_path / "messages.csv").unlink()
    rates = [point.scenario.rate_per_s for point in grid_again(grid.source).points]
    assert rates == pytest.approx([4 / 9, 4 / 18])


def test_what_is_written_is_read(tmp_path):
    write_trace(tmp_path / "a.csv", TEXT)
    assert read_trace(tmp_path / "a.csv") == TEXT


def test_parquet_is_read(tmp_path):
    columns = {
        "time": [1.5, 0.25, 0.25, 2.9],
        "channel": [2, 1, 0, 1],
        "size": [30000, 120, None, 1],
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert read_trace(tmp_path / "a.parquet") == TEXT
    del columns["size"]
    pq.write_table(pa.table(columns), tmp_path / "b.parquet")
    assert not parse_trace(read_trace(tmp_path / "b.parquet")).payload_bytes.any()


def test_dates_count_from_the_first_and_names_become_numbers(tmp_path):
    at = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
    times = [at + datetime.timedelta(seconds=s) for s in (2, 0, 1.5)]
    rows = [f"{time.isoformat()},{name}" for time, name in zip(times, "bab", strict=True)]
    (tmp_path / "a.csv").write_text("\n".join(["time,channel", *rows]))
    assert read_trace(tmp_path / "a.csv") == "0 1\n1.5 0\n2 0\n"
    pq.write_table(pa.table({"time": times, "channel": list("bab")}), tmp_path / "a.parquet")
    assert read_trace(tmp_path / "a.parquet") == "0 1\n1.5 0\n2 0\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no column time and none channel"),
        ("time,size\n", "has no column channel"),
        ("time,channel\n", "has no message"),
        ("time,channel\nsoon,1\n", "message 1: 'soon, 1, ' is no time"),
        ("time,channel,size\n1,1,big\n", "message 1: '1, 1, big' is no time"),
        ("time,channel,size\n1,1,40000\n", "message 1 must be"),
        ("time,channel\n-1,1\n", "message 1 must be"),
        ("time,channel\n1\n", "message 1: '1, , ' is no time"),
        ("time,channel\nnan,1\n", "must be"),
        ("time,channel\n5,1\n", "a message at 5 s is beyond"),
        ("time,channel\n1,7\n", "there is no channel 7"),
    ],
)
def test_what_is_no_trace_is_one_line_with_its_place(tmp_path, text, words):
    with pytest.raises(ScenarioError) as refused:
        load_scenario(write(tmp_path, text))
    assert str(refused.value).startswith(f"{tmp_path / 'mine.toml'}:5: trace: ")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_one_line(tmp_path):
    path = write(tmp_path, "no parquet", "messages.parquet")
    with pytest.raises(
        ScenarioError, match=r"mine.toml:5: trace: .*messages.parquet: is no Parquet"
    ):
        load_scenario(path)
    (tmp_path / "messages.parquet").unlink()
    with pytest.raises(ScenarioError, match=r"messages.parquet: cannot be read \(No such file"):
        load_scenario(path)
    (tmp_path / "messages.csv").write_bytes(b"time,channel\n1,\xff\n")
    with pytest.raises(ScenarioError, match=r"messages.csv: .*utf-8"):
        load_scenario(write_named(tmp_path))


def write_named(folder):
    (folder / "mine.toml").write_text(TOML.format("messages.csv"))
    return folder / "mine.toml"
