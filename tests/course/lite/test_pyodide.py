"""A Pyodide in a folder or at an address; what npm has is tried by `make soak`."""

import json

import pytest

from pushlab.course.lite import pyodide
from pushlab.course.lite.pyodide import had
from pushlab.errors import SetupError, UsageError

PACKAGES = {
    "numpy": {"file_name": "numpy.whl", "version": "2"},
    "six": {"file_name": "six.whl", "version": "1"},
}


@pytest.fixture
def full(tmp_path):
    """A folder like that of a Pyodide, with one of its two packages."""
    folder = tmp_path / "full"
    folder.mkdir()
    for name in ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"):
        (folder / name).write_text(name)
    (folder / "six.whl").write_text("six")
    (folder / "package.json").write_text('{"version": "1.2.3"}')
    lock = {"info": {"python": "3.14.2"}, "packages": PACKAGES}
    (folder / "pyodide-lock.json").write_text(json.dumps(lock))
    return folder


def test_a_folder_is_carried_with_the_packages_that_are_there(full, tmp_path):
    found = had(str(full), "1.2.3", tmp_path / "site")
    assert found.url == "./static/pyodide/pyodide.mjs"
    assert not found.remote
    assert list(found.lock["packages"]) == ["six"]
    assert found.published["numpy"]["version"] == "2"
    assert (tmp_path / "site" / "six.whl").read_text() == "six"
    assert (tmp_path / "site" / "pyodide.asm.wasm").exists()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda folder: (folder / "pyodide.asm.wasm").unlink(), "there is no pyodide.asm.wasm"),
        (lambda folder: (folder / "package.json").unlink(), "there is no package.json"),
        (lambda folder: (folder / "package.json").write_text('{"version": "9"}'), "wants 1.2.3"),
    ],
)
def test_a_folder_that_does_not_fit_is_told_in_one_line(spoil, told, full, tmp_path):
    spoil(full)
    with pytest.raises(UsageError, match=told) as caught:
        had(str(full), "1.2.3", tmp_path / "site")
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("ending", ["", "/", "/pyodide.mjs"])
def test_an_address_is_left_to_the_tab(ending, full, tmp_path, monkeypatch):
    monkeypatch.setattr(pyodide, "_from_npm", lambda version, folder: full)
    found = had(f"https://host.example/full{ending}", "1.2.3", tmp_path / "site")
    assert found.remote
    assert found.url == "https://host.example/full/pyodide.mjs"
    assert found.lock["packages"]["numpy"]["file_name"] == "https://host.example/full/numpy.whl"
    assert found.published["numpy"]["file_name"] == "numpy.whl"
    assert not list((tmp_path / "site").iterdir())


def test_where_there_is_no_npm_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="Pyodide could not be had from npm: npm is not installed"):
        had(None, "1.2.3", tmp_path / "site")
