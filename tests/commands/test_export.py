"""`pushlab export`: every format, every refusal, and readers that go away."""

import shutil
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from tests.commands.calling import run
from tests.patience import PATIENCE_S


def test_export_by_the_files_name_and_never_over_a_file(capsys, folder, tmp_path):
    out = tmp_path / "rows.parquet"
    assert run(capsys, "export", folder, "--out", out) == (0, "", "")
    count = len(pq.read_table(out))
    assert count > 9000
    status, _, err = run(capsys, "export", folder, "--out", out, "--what", "trials")
    assert status == 2
    assert "--force" in err
    assert len(pq.read_table(out)) == count
    forced = run(capsys, "export", folder, "--out", out, "--what", "trials", "--force")
    assert forced[0] == 0
    assert len(pq.read_table(out)) == 10


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "rows.xlsx"], ["xlsx", "csv"]),
        (["--format", "xml"], ["xml", "parquet"]),
        (["--what", "pigeons"], ["pigeons", "deliveries"]),
        (["--out", ".", "--format", "csv"], ["folder"]),
        (["--out", "no/such/folder/rows.csv"], ["rows.csv"]),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    capsys, folder, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, "export", folder, *arguments)
    assert status in (1, 2)
    assert (out, err.count("\n")) == ("", 1)
    for word in words:
        assert word in err
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_leaves_nothing_and_spoils_nothing(capsys, folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "run")
    (copy / "deliveries" / "trial-003.parquet").write_bytes(b"PAR1")
    out = tmp_path / "out" / "rows.csv"
    out.parent.mkdir()
    out.write_text("mine")
    status, _, err = run(capsys, "export", copy, "--out", out, "--force")
    assert status == 2
    assert "trial-003.parquet" in err
    assert [path.name for path in out.parent.iterdir()] == ["rows.csv"]
    assert out.read_text() == "mine"


@pytest.mark.parametrize("form", ["csv", pytest.param("jsonl", marks=pytest.mark.soak), "parquet"])
def test_a_reader_that_goes_away_is_no_trouble(folder, form):
    command = [sys.executable, "-m", "pushlab", "export", str(folder), "--format", form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert len(process.stdout.read(4)) == 4
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(timeout=PATIENCE_S)


def test_parquet_through_a_pipe_is_whole(folder, tmp_path):
    file = tmp_path / "piped.parquet"
    command = f"{sys.executable} -m pushlab export {folder} --format parquet | cat > {file}"
    subprocess.run(command, shell=True, check=True, timeout=PATIENCE_S)
    assert len(pq.read_table(file)) > 9000
