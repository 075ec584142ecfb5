import json
from pathlib import Path

import pytest

from tests.commands.calling import run

MINE = """
[system]
name = "mine"
start = "{python} -m tests.lab.verify.crashing {port} FLAG"
publish = { path = "/publish/{channel}", body = '{"text": "{message}"}' }
sse = { path = "/sse/{channel}", last_id = "id" }
websocket = { path = "/ws/{channel}" }
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A file with a server of one's own, which forgets a reader's place if it is asked to."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))

    def written(flag=""):
        path = tmp_path / "mine.toml"
        path.write_text(MINE.replace("FLAG", flag))
        return path

    return written


def test_what_holds_and_what_breaks_is_told_and_what_must_hold_decides(capsys, mine):
    status, out, err = run(
        capsys, "verify", mine(), "--transports", "sse,websocket", "--clauses", "delivery,resume"
    )
    assert (status, err) == (0, "")
    assert "delivery: 60 of 60 came" in out
    assert "resume: breaks: of 5 that were published while it was away, 5 were lost" in out
    assert ["resume", "holds", "breaks"] in [line.split() for line in out.splitlines()]
    assert "What must hold does: 3 clauses (delivery, resume)." in out


def test_a_server_that_breaks_what_it_declares_ends_with_1(capsys, mine):
    status, out, err = run(
        capsys, "verify", mine("forgets"), "--transports", "sse", "--clauses", "resume", "--json"
    )
    assert status == 1
    told = json.loads(out)
    assert told["broken"] == [["sse", "resume"]]
    assert told["seen"]["sse"]["resume"]["verdict"] == "breaks"
    assert "Must hold, and does not: resume (sse)." in err


def test_a_table_for_a_document(capsys, mine):
    asked = ("--transports", "sse", "--clauses", "tokens,once", "--require", "once", "--markdown")
    status, out, _ = run(capsys, "verify", mine(), *asked)
    assert status == 0
    assert (
        "| clause | sse |\n|---|---|\n| once | holds: nothing came twice |\n| tokens | - |" in out
    )


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        (["nonsense"], 2, "'nonsense' is neither a TOML file with a [system] table"),
        (["elsewhere.toml"], 2, "add: --i-may-load staging.example"),
        (["hub", "--clauses", "resumes"], 2, "'resumes' is no clause; there are: delivery,"),
        (["hub", "--require", "magic"], 2, "'magic' is no clause"),
        (["hub", "--transports", "smoke"], 2, "hub does not speak 'smoke'"),
    ],
)
def test_what_cannot_be_is_one_line(capsys, tmp_path, monkeypatch, asked, status, told):
    monkeypatch.chdir(tmp_path)
    elsewhere = MINE.replace("FLAG", "").replace("start =", 'url = "https://staging.example" #')
    Path("elsewhere.toml").write_text(elsewhere)
    found, out, err = run(capsys, "verify", *asked)
    assert (found, out) == (status, "")
    assert told in err
    assert err.count("\n") == 1
