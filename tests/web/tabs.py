"""Chromium's tabs without Playwright, under which every page believes that it is seen.

Here a tab behind another one is hidden, and can be frozen, as browsers do to save power. It is
driven by the browser's own protocol (https://chromedevtools.github.io/devtools-protocol/).
"""

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from tests.patience import PATIENCE_S
from tests.web.live_site import chromium_arguments, until

__all__ = ["Tab", "Tabs"]


class Tabs:
    """A browser of its own; use it as a context manager."""

    def __enter__(self) -> "Tabs":
        self._folder = Path(tempfile.mkdtemp(prefix="pushlab-tabs-"))
        self._process = subprocess.Popen(
            [
                *chromium_arguments(),
                "--headless=new",
                "--remote-debugging-port=0",
                f"--user-data-dir={self._folder}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(self._folder)},  # where it puts its sockets
            start_new_session=True,
        )
        told = self._folder / "DevToolsActivePort"
        try:
            until(lambda: told.exists() and len(told.read_text().split()) == 2, "it starts")
            port, path = told.read_text().split()
            dialled = connect(f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None)
            self._dialled = contextlib.ExitStack()
            self._line = self._dialled.enter_context(dialled)
        except BaseException:
            self._end()
            raise
        self._numbers = itertools.count(1)
        return self

    def __exit__(self, *exception: object) -> None:
        self._dialled.close()
        self._end()

    def _end(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

        def gone() -> bool:  # those that were killed may write a moment longer
            shutil.rmtree(self._folder, ignore_errors=True)
            return not self._folder.exists()

        until(gone, "its folder is gone")

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self._line.send(json.dumps(message))
        while True:
            answer = json.loads(self._line.recv(PATIENCE_S))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def open(self, url: str) -> "Tab":
        """A new tab, in front of the others, which are hidden by it."""
        return Tab(self, self.call("Target.createTarget", url=url)["targetId"])


class Tab:
    """One tab; as much of Playwright's Page as the tests use, and a tab's fate."""

    def __init__(self, tabs: Tabs, target: str) -> None:
        self._tabs = tabs
        self._target = target
        told = tabs.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = told["sessionId"]
        self.wait_for_function("() => document.readyState === 'complete'")

    def goto(self, url: str) -> None:
        self._tabs.call("Page.navigate", self._session, url=url)
        self.wait_for_function(
            f"() => location.href === {json.dumps(url)} && document.readyState === 'complete'"
        )

    def back(self, url: str) -> None:
        """To the page before, which may have been put aside as it was."""
        told = self._tabs.call("Page.getNavigationHistory", self._session)
        entry = told["entries"][told["currentIndex"] - 1]
        assert entry["url"] == url
        self._tabs.call("Page.navigateToHistoryEntry", self._session, entryId=entry["id"])
        self.wait_for_function(f"() => location.href === {json.dumps(url)}")

    def evaluate(self, function: str, argument: Any = None) -> Any:
        told = self._tabs.call(
            "Runtime.evaluate",
            self._session,
            expression=f"({function})({json.dumps(argument)})",
            awaitPromise=True,
            returnByValue=True,
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def wait_for_function(self, function: str, *, arg: Any = None, polling: int = 50) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not self.evaluate(function, arg):
            assert time.monotonic() < deadline, f"not within {PATIENCE_S:g} s: {function} {arg}"
            time.sleep(polling / 1000)

    def show(self) -> None:
        """Bring it to the front."""
        self._tabs.call("Target.activateTarget", targetId=self._target)

    def freeze(self) -> None:
        """Stop its scripts and timers."""
        self._tabs.call("Page.setWebLifecycleState", self._session, state="frozen")

    def thaw(self) -> None:
        """Let them go on."""
        self._tabs.call("Page.setWebLifecycleState", self._session, state="active")
