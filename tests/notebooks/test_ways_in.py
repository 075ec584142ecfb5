"""The ways into the course: environment.yml by repo2docker's rules, and copies from the package."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from pushlab.course.__main__ import main

ROOT = Path(__file__).parents[2]
#: From repo2docker/buildpacks/conda: what it takes a dependency on Python for. With "==" it would
#: match as well, but conda then wants that exact version, which does not exist.
PYTHON = re.compile(r"python\s*=+\s*([\d\.]*)")


def test_environment_yml_is_what_repo2docker_reads():
    told = yaml.safe_load((ROOT / "environment.yml").read_text())
    plain = [each for each in told["dependencies"] if isinstance(each, str)]
    matches = [found for found in map(PYTHON.match, plain) if found]
    assert [found.group(0) for found in matches] == ["python=3.12"]
    assert len(matches[0].group(1).split(".")) == 2
    assert "pip" in plain, "conda warns about a pip part without pip"
    (pip,) = (each["pip"] for each in told["dependencies"] if isinstance(each, dict))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert pip == ["-e .[notebooks]", "jupyter-server-proxy"]
    assert "notebooks" in project["optional-dependencies"]


def test_copies_are_laid_out_and_never_overwritten(tmp_path, capsys):
    folder = tmp_path / "mine"
    assert main([str(folder), "--no-open"]) == 0
    assert capsys.readouterr().out.strip() == str(folder)
    first = folder / "00_start_here.ipynb"
    first.write_text("my own work")
    assert main([str(folder), "--no-open"]) == 0
    assert first.read_text() == "my own work"
    assert len(list(folder.glob("*.ipynb"))) == len(list((ROOT / "notebooks").glob("*.ipynb")))
    assert not list(folder.rglob("*instructor*")), "the answers stay with the teacher"
    assert not list((ROOT / "notebooks").rglob("*instructor*")), "nor are they in the wheel"


@pytest.mark.parametrize(
    ("folder", "status"), [("mine.toml", 2), ("mine.toml/inner", 1), ("/proc/x", 1)]
)
def test_a_folder_that_cannot_be_is_told_in_one_line(folder, status, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text("precious")
    assert main([folder, "--no-open"]) == status
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"{folder}: ")
    assert said.err.count("\n") == 1
    assert Path("mine.toml").read_text() == "precious"


def test_jupyterlab_asks_nothing_of_a_student_and_keeps_the_users_own_settings(
    tmp_path, monkeypatch
):
    started = []

    def start(command, **more):
        started.append(more["env"])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", start)
    monkeypatch.setattr("pushlab.course.__main__.find_spec", lambda name: name)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/of/the/user")
    assert main([str(tmp_path / "course")]) == 0
    ((ours, users),) = [env["JUPYTER_CONFIG_PATH"].split(os.pathsep) for env in started]
    settings = json.loads(Path(ours, "labconfig", "default_setting_overrides.json").read_text())
    told = settings["@jupyterlab/apputils-extension:notification"]
    assert told == {"fetchNews": "false", "checkForUpdates": False}
    lab = json.loads(Path(ours, "jupyter_lab_config.json").read_text())["LabApp"]
    assert lab == {"extension_manager": "readonly"}, "the other one looks at PyPI by itself"
    windowing = settings["@jupyterlab/notebook-extension:tracker"]["windowingMode"]
    assert windowing == "none", "a page in a cell must not be loaded anew whenever it is scrolled"
    assert users == "/of/the/user"


def test_windows_and_a_tab_read_the_course_with_what_they_have():
    """The reading part, where neither what only Unix has is there, nor what only servers need."""
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "virtual time" in done.stdout


ELSEWHERE = """
import asyncio, os, sys, sysconfig
sysconfig.get_paths()  # this Python knows itself, whatever it is told below
GONE = {"fcntl", "grp", "pwd", "resource", "termios", "uvloop", "uvicorn", "httptools", "psutil"}
GONE |= {"numpy", "scipy", "matplotlib", "pyarrow", "msgspec", "starlette", "aiomqtt"}

class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in GONE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Gone())
for name in ("fork", "geteuid", "getuid", "killpg", "setsid"):
    delattr(os, name)
sys.platform = "win32"
import pushlab.course as course
from pushlab.course.__main__ import main
for name in course.__all__:
    getattr(course, name)
from pushlab.contract.registry import STANDARD, load_transport
for name in STANDARD:  # each cell that names one loads it
    load_transport(name)

class Mine(course.PollingTransport):
    name = "mine"

print(asyncio.run(course.race(Mine, clients=10)).sentence())
print(course.exercise("short-polling-1").check(1))
"""
