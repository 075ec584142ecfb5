"""What a child process gets of our environment: nothing that is pushlab's own."""

import ast
import os
from pathlib import Path

import pushlab
from pushlab.child_environment import child_environment, without_secrets

ROOT = Path(pushlab.__file__).parent
STARTS = {"Popen", "run", "check_output", "check_call", "call"}
ASYNC = {"create_subprocess_exec", "create_subprocess_shell"}


def starts(tree):
    """The calls that start a process."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of = node.func.value
            name = node.func.attr
            known = name in STARTS and isinstance(of, ast.Name) and of.id == "subprocess"
            if known or name in ASYNC or (name in {"system", "popen"} and ast.unparse(of) == "os"):
                yield node


def test_every_child_gets_the_environment_that_is_made_for_children():
    found = 0
    for path in ROOT.rglob("*.py"):
        if "node_modules" in path.parts:
            continue
        text = path.read_text()
        if not any(word in text for word in ("subprocess", "system", "popen")):
            continue
        for call in starts(ast.parse(text)):
            found += 1
            given = {word.arg: ast.unparse(word.value) for word in call.keywords}
            where = f"{path.relative_to(ROOT)}:{call.lineno}"
            assert "env" in given, f"{where} starts a process with all of our environment"
            assert "child_environment" in text, where
            assert "os.environ" not in given["env"], where
    assert found >= 8


def test_keys_and_settings_are_left_out_and_the_rest_is_kept(monkeypatch):
    monkeypatch.setenv("PUSHLAB_API_KEY", "s3cret")
    monkeypatch.setenv("pushlab_other", "s3cret")
    monkeypatch.setenv("PUSHLAB_COURSE_FAST", "1")
    made = child_environment(MORE="1")
    assert made["PUSHLAB_COURSE_FAST"] == made["MORE"] == "1"
    assert "s3cret" not in made.values()
    assert made["PATH"] == os.environ["PATH"]


def test_a_library_that_starts_a_child_sees_no_secret_and_we_do_again(monkeypatch):
    monkeypatch.setenv("PUSHLAB_API_KEY", "s3cret")
    with without_secrets():
        assert "PUSHLAB_API_KEY" not in os.environ
    assert os.environ["PUSHLAB_API_KEY"] == "s3cret"
