"""The hub's dials on the command line: one flag for each, in units, and they reach the hub."""

import dataclasses
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pushlab.cli import _parser, main
from pushlab.contract.serving import HubSettings
from pushlab.contract.setting import keys_of
from tests.patience import PATIENCE_S

KEY = "a-key-of-some-length"


def test_each_dial_has_a_flag_in_serve_and_in_compare(capsys: pytest.CaptureFixture[str]) -> None:
    keys = keys_of(HubSettings)
    assert keys.keys() == {field.name for field in dataclasses.fields(HubSettings)}
    for command in ("serve", "compare", "capacity"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        told = capsys.readouterr().out
        assert all(re.search(rf"^  {key.flag} ", told, re.M) for key in keys.values())


def test_help_tells_each_default_as_it_may_be_given(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    flags = re.split(r"^  (--\S+)", capsys.readouterr().out, flags=re.M)[1:]
    about = zip(flags[::2], flags[1::2], strict=True)
    given = {flag: told.partition("default: ")[2].partition("\n")[0] for flag, told in about}
    assert given["--port"] == "8000"
    keys = keys_of(HubSettings, "hub.").values()
    words = [word for key in keys for word in (key.flag, given[key.flag])]
    read = vars(_parser()[0].parse_args(["serve", *words]))
    assert [read[f"overrides {key.name}"] for key in keys] == [key.default for key in keys]


def test_a_dial_that_cannot_be_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--keep-alive", "0", "--broker", "none"]) == 2
    right = "it must be above 0 and at most 604,800"
    assert capsys.readouterr().err == f"pushlab: --keep-alive: 0.0 is out of range; {right}\n"


def test_serve_runs_the_hub_with_its_dials(tmp_path: Path) -> None:
    words = "serve --port 0 --broker none --no-pages --keep-alive 2min --retain-bytes 2KiB"
    with (tmp_path / "imports").open("w") as imports:
        process = subprocess.Popen(
            [sys.executable, "-X", "importtime", "-m", "pushlab", *words.split()],
            cwd=tmp_path,
            env={**os.environ, "PUSHLAB_API_KEY": KEY},
            stdout=subprocess.PIPE,
            stderr=imports,
            text=True,
        )
    try:
        assert process.stdout is not None
        (url,) = re.findall(r"http://[\d.:]+", process.stdout.readline())
        request = urllib.request.Request(
            f"{url}/v1/channels",
            data=b'{"client_id": "ada"}',
            headers={"Authorization": f"Bearer {KEY}"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            token = json.load(answer)["token"]
        events = urllib.request.urlopen(f"{url}/v1/events?token={token}", timeout=PATIENCE_S)
        with events:
            hello = b"".join(events.readline() for _ in range(3))
        assert b": keep-alive 120\n" in hello
        with urllib.request.urlopen(f"{url}/_ah/channel/jsapi", timeout=PATIENCE_S) as script:
            assert b"goog.appengine.Channel" in script.read()
        loaded = (tmp_path / "imports").read_text()
        assert "pushlab.web.scripts\n" in loaded
        assert "pushlab.web.site\n" not in loaded, "a hub without pages needs none of them"
        assert "pushlab.web.race\n" not in loaded
    finally:
        process.kill()
        process.communicate()


class Served:
    """`pushlab serve` with kept keys, asked over HTTP."""

    def __init__(self, port: int, folder: Path) -> None:
        words = f"serve --port {port} --keys {folder / 'keys.json'} --broker none --no-pages"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pushlab", *words.split()], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline() for _ in range(3)]
        self.told = "".join(lines)
        (self.url,) = re.findall(r"http://[\d.:]+", lines[0])

    def ask(self, method: str, path: str, secret: str, body: object = None) -> tuple[int, bytes]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {secret}"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()

    def token(self, key: str) -> str:
        answer = self.ask("POST", "/v1/channels", key, {"client_id": "ada"})
        return str(json.loads(answer[1])["token"])

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_tokens_outlive_the_hub_and_what_was_revoked_stays_so(tmp_path: Path) -> None:
    first = Served(0, tmp_path)
    try:
        key = json.loads((tmp_path / "keys.json").read_text())["api_key"]
        assert f"PUSHLAB_API_KEY): {key}\n" in first.told
        old, revoked = first.token(key), first.token(key)
        assert first.ask("DELETE", "/v1/tokens", key, {"token": revoked})[0] == 200
        assert main(["keys", "rotate", "--keys", str(tmp_path / "keys.json")]) == 0
        end = time.monotonic() + PATIENCE_S
        new = first.token(key)
        while new.partition(".")[0] == old.partition(".")[0]:
            assert time.monotonic() < end, "the hub took no notice of the new key"
            time.sleep(0.05)
            new = first.token(key)
    finally:
        first.kill()
    again = Served(int(first.url.rpartition(":")[2]), tmp_path)
    try:
        assert key not in again.told
        assert "API key: as kept in" in again.told
        assert [again.ask("GET", "/v1/poll", each)[0] for each in (old, new)] == [204, 204]
        status, why = again.ask("GET", "/v1/poll", revoked)
        assert (status, json.loads(why)["error"]) == (401, "token-revoked")
    finally:
        again.kill()


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        ("--keep .", 1, "--keep . cannot be used: Is a directory"),
        ("--keep no/such/folder", 1, "No such file or directory"),
        ("--keep letter", 2, "no file in which pushlab kept channels"),
        ("--keys letter", 2, "not a file of keys"),
        ("--keys open", 2, "can be read by others"),
        ("--keys letter/keys", 1, "cannot be kept"),
        ("--keys k --fresh-keys", 2, "exclude each other"),
    ],
)
def test_files_that_cannot_be_used_are_one_line(
    words: str,
    status: int,
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("letter").write_text("Dear Ada, " * 100)
    Path("letter").chmod(0o600)
    Path("open").write_text("{}")
    Path("open").chmod(0o644)
    assert main(["serve", "--port", "0", "--broker", "none", *words.split()]) == status
    told = capsys.readouterr()
    assert why in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert Path("letter").read_text() == "Dear Ada, " * 100


@pytest.mark.parametrize(
    ("words", "environment", "why"),
    [
        ("--presence-url http://a:s3cret@h/?x", {}, "'http://***@h/?x' must end with a path"),
        ("", {"PUSHLAB_PRESENCE_URL": "ftp://a:s3cret@h"}, "'ftp://***@h' is not one such as"),
        ("--presence-reset", {}, "--presence-reset is of no use without --presence-url"),
        ("", {"PUSHLAB_PRESENCE_KEY": "s3cret"}, "at least 8 characters"),
    ],
)
def test_what_is_wrong_with_presence_is_one_line_without_a_secret(
    words, environment, why, capsys, monkeypatch
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(["serve", "--port", "0", "--fresh-keys", *words.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert why in err
    assert "s3cret" not in err


@pytest.mark.parametrize(
    ("words", "variables", "said"),
    [
        ([], {"PUSHLAB_PUBLIC_URL": "push.example"}, "--public-url 'push.example' is not a URL"),
        ([], {"PUSHLAB_PUBLIC_BROKER_URL": "http://a"}, "--public-broker-url 'http://a' is not"),
        (["--allow-host", "http://a"], {}, "--allow-host http://a: it takes a name"),
        (["--trust-forwarded", "proxy"], {}, "--trust-forwarded proxy: it takes a proxy's address"),
    ],
)
def test_what_cannot_be_reached_is_one_line(
    words: list[str],
    variables: dict[str, str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["serve", "--broker", "none", *words]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"pushlab: {said}")
    assert error.count("\n") == 1
