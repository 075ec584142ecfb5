"""The hub's dials on the command line: one flag for each, in units, and they reach the hub."""

import dataclasses
import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from pushlab.cli import main
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


def test_a_dial_that_cannot_be_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--keep-alive", "0", "--broker", "none"]) == 2
    right = "it must be above 0 and at most 604,800"
    assert capsys.readouterr().err == f"pushlab: --keep-alive: 0.0 is out of range; {right}\n"


def test_serve_runs_the_hub_with_its_dials(tmp_path: Path) -> None:
    words = "serve --port 0 --broker none --no-pages --keep-alive 2min --retain-bytes 2KiB"
    process = subprocess.Popen(
        [sys.executable, "-m", "pushlab", *words.split()],
        cwd=tmp_path,
        env={**os.environ, "PUSHLAB_API_KEY": KEY},
        stdout=subprocess.PIPE,
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
    finally:
        process.kill()
        process.communicate()
