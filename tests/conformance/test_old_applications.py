"""Old applications are run as they were, but for the script's host; or they are not run."""

import dataclasses
import subprocess

import pytest

from conformance.model import NotRun
from conformance.old_applications.catalogue import APPLICATIONS, Application
from conformance.old_applications.checkout import check, copy_out
from conformance.old_applications.plays import PLAYS
from conformance.old_applications.stage import python27

PAGE = """<script type="text/javascript" src='/_ah/channel/jsapi'></script>
<script src="/js/own.js"></script>
"""


def git(folder, *words):
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    ran = subprocess.run([*command, *words], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture
def application(tmp_path):
    folder = tmp_path / "old"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "page.html").write_text(PAGE)
    (folder / "other.txt").write_text("not a part of it")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "as it was")
    return Application(
        name="old",
        repository="somebody/old",
        commit=git(folder, "rev-parse", "HEAD"),
        licence="MIT",
        what="a page",
        folder="inner",
        script="main.app",
        pages=("page.html",),
    )


def test_the_scripts_host_is_all_that_changes(application, tmp_path):
    checkout = check(application, tmp_path)
    (checkout / "inner" / "page.html").write_text("what somebody has changed is not run")
    to = tmp_path / "copy"
    assert copy_out(application, checkout, "http://hub.example", to) == 1
    assert (to / "page.html").read_text() == PAGE.replace("/_ah", "http://hub.example/_ah")
    assert sorted(path.name for path in to.iterdir()) == ["page.html"]


def test_without_the_checkout_at_that_commit_it_is_not_run(application, tmp_path):
    for folder, words in ((None, "--checkouts"), (tmp_path / "nowhere", "not checked out")):
        with pytest.raises(NotRun, match=words):
            check(application, folder)
    with pytest.raises(NotRun, match="is not at 0000"):
        check(dataclasses.replace(application, commit="0" * 40), tmp_path)
    with pytest.raises(NotRun, match=r"jquery\.js is not there"):
        check(dataclasses.replace(application, elsewhere={"https://a/b.js": "jquery.js"}), tmp_path)
    with pytest.raises(NotRun, match="PYTHON27"):
        python27(tmp_path / "site")


def test_each_application_has_a_play():
    assert [application.name for application in APPLICATIONS] == list(PLAYS)
