"""What a lock file says of a wheel, and which wheels a tab wants."""

import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pushlab.course.lite.wheels import BESIDE, closure, entry
from pushlab.errors import SetupError

ROOT = Path(__file__).parents[3]


def wheel(folder, name, *files):
    path = folder / name
    with zipfile.ZipFile(path, "w") as packed:
        for each in files:
            packed.writestr(each, "")
    return path


def test_a_lock_says_what_the_wheel_says(tmp_path):
    path = wheel(
        tmp_path,
        "Some_Thing-1.0-py2.py3-none-any.whl",
        "some/__init__.py",
        "single.py",
        "Some_Thing-1.0.dist-info/METADATA",
    )
    name, told = entry(path)
    assert name == told["name"] == "some-thing"
    assert told["version"] == "1.0"
    assert told["imports"] == ["single", "some"]
    assert told["file_name"] == path.name
    assert len(told["sha256"]) == 64


def test_a_wheel_for_one_machine_is_refused(tmp_path):
    path = wheel(tmp_path, "fast-1.0-cp314-cp314-linux_x86_64.whl")
    with pytest.raises(SetupError, match="is no pure wheel"):
        entry(path)


def test_what_a_package_needs_comes_with_it():
    packages = {
        "IPython": {"depends": ["Stack_Data", "six"]},
        "stack-data": {"depends": ["six"]},
        "six": {"depends": []},
        "numpy": {"depends": []},
    }
    assert set(closure(packages, ["ipython"])) == {"ipython", "stack-data", "six"}


def test_a_tab_wants_nothing_that_only_a_server_or_a_chart_of_runs_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    besides = {Requirement(each).name for each in BESIDE}
    for each in map(Requirement, project["dependencies"]):
        if each.name in besides:
            continue
        assert each.marker is not None, f"{each.name} would be wanted in a tab"
        assert not each.marker.evaluate({"sys_platform": "emscripten"}), each.name
        assert each.marker.evaluate({"sys_platform": "linux"}), each.name
        assert each.marker.evaluate({"sys_platform": "win32"}) == (each.name != "uvloop")
