"""The site's own part of it; the whole, in a browser, is a longer proof (`test_in_a_tab`)."""

import json
from pathlib import Path

import pytest

from pushlab.course.lite import site
from pushlab.course.lite.__main__ import main
from pushlab.course.lite.site import build_site, copy_chapters
from pushlab.errors import UsageError

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"


def test_students_get_the_chapters_for_the_kernel_of_a_tab(tmp_path):
    copy_chapters(NOTEBOOKS, tmp_path / "course")
    ours = {path.name for path in NOTEBOOKS.glob("*.ipynb")}
    assert {path.name for path in (tmp_path / "course").iterdir()} == ours - {"instructor.ipynb"}
    for path in (tmp_path / "course").iterdir():
        book, source = (json.loads((at / path.name).read_text()) for at in (path.parent, NOTEBOOKS))
        assert book["metadata"]["kernelspec"]["name"] == "python"
        assert book["cells"] == source["cells"]


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(UsageError, match="holds something else"):
        build_site(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_without_jupyterlite_the_command_says_what_to_install(tmp_path, monkeypatch, capsys):
    def gone(name):
        raise ImportError(name=name)

    monkeypatch.setattr(site.importlib, "import_module", gone)
    assert main(["--out", str(tmp_path / "lite")]) == 1
    assert capsys.readouterr().err == (
        "the course in a tab needs jupyterlite_core; try: pip install --group lite\n"
    )
