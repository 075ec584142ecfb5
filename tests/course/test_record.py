import os
from pathlib import Path

import pytest

from pushlab.course import record as module
from pushlab.course.mode import FAST, READING, RECORDING
from pushlab.course.record import main
from pushlab.course.recordings import LISTED, find, save
from pushlab.errors import SetupError


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """Two notebooks; to run one shows a recording of its name, and makes it where it is missing."""
    recorded, folder = tmp_path / "recorded", tmp_path / "notebooks"
    recorded.mkdir()
    folder.mkdir()
    for name in ("01_one", "02_two"):
        (folder / f"{name}.ipynb").write_text("{}")
    monkeypatch.setattr("pushlab.course.recordings.FOLDER", recorded)
    monkeypatch.setattr(module, "FOLDER", recorded)
    monkeypatch.setenv(FAST, "1")
    ran = []

    def execute(path: Path, **_):
        assert os.environ[RECORDING]
        assert os.environ[LISTED]
        assert os.environ[FAST] + os.environ[READING] == ""
        if path.stem == "02_two" and (folder / "broken").exists():
            raise SetupError("a cell failed")
        if find("measure", {"name": path.stem}) is None:
            ran.append(path.stem)
            save("measure", {"name": path.stem}, {})

    monkeypatch.setattr(module, "execute", execute)
    return folder, recorded, ran


def test_only_what_is_missing_is_recorded_and_what_nobody_shows_goes(notebooks, capsys):
    folder, recorded, ran = notebooks
    assert main(["--notebooks", str(folder)]) == 0
    assert ran == ["01_one", "02_two"]
    assert "2 recorded, 2 in use" in capsys.readouterr().out
    (recorded / "measure-old.json").write_text("{}")
    assert main(["--notebooks", str(folder), "01_one"]) == 0
    assert (recorded / "measure-old.json").exists(), "another chapter may show it"
    assert main(["--notebooks", str(folder)]) == 0
    assert ran == ["01_one", "02_two"], "both are there"
    assert len(list(recorded.iterdir())) == 2
    assert main(["--notebooks", str(folder), "--again"]) == 0
    assert ran == ["01_one", "02_two"] * 2


def test_what_cannot_be_is_one_line(notebooks, capsys):
    folder, recorded, _ = notebooks
    assert main(["--notebooks", str(folder), "99_none"]) == 2
    assert main(["--notebooks", str(folder), "--again", "01_one"]) == 2
    assert capsys.readouterr().err.count("\n") == 2
    (folder / "broken").touch()
    (recorded / "measure-old.json").write_text("{}")
    assert main(["--notebooks", str(folder)]) == 1
    assert "a cell failed" in capsys.readouterr().err
    assert (recorded / "measure-old.json").exists(), "nothing goes that may still be shown"
