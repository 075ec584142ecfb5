"""The address of a port, at home and where Jupyter runs elsewhere."""

import sys
import types

import pytest

from pushlab.course import reached
from pushlab.course.reached import address
from pushlab.course.trouble import CourseError

ELSEWHERE = (
    "JUPYTERHUB_SERVICE_PREFIX",
    "CODESPACE_NAME",
    "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN",
    "COLAB_RELEASE_TAG",
)


@pytest.fixture(autouse=True)
def at_home(monkeypatch):
    for name in ELSEWHERE:
        monkeypatch.delenv(name, raising=False)


def test_at_home_it_is_this_machine():
    assert address(8000) == "http://127.0.0.1:8000/"


def test_below_jupyterhub_it_is_a_path_of_jupyters(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    monkeypatch.setattr(reached, "find_spec", lambda name: name)
    assert address(8000) == "/user/ada/proxy/8000/"


def test_without_the_proxy_the_student_is_told_what_to_ask_for(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    monkeypatch.setattr(reached, "find_spec", lambda name: None)
    with pytest.raises(CourseError, match="pip install jupyter-server-proxy"):
        address(8000)


def test_a_codespace_names_its_ports(monkeypatch):
    monkeypatch.setenv("CODESPACE_NAME", "sunny-lab")
    monkeypatch.setenv("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN", "app.example")
    assert address(8000) == "https://sunny-lab-8000.app.example/"


def test_colab_is_asked(monkeypatch):
    output = types.ModuleType("google.colab.output")
    output.eval_js = lambda script: f"https://host.example/{script[-5:-1]}"
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release")
    monkeypatch.setattr(reached.importlib, "import_module", lambda name: sys.modules[name])
    assert address(8000) == "https://host.example/8000/"
