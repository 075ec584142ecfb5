"""Pushpin (https://pushpin.org): a proxy that holds connections for an application behind it."""

import functools
import re
import shutil
import subprocess
from collections.abc import Mapping
from typing import ClassVar

from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.spec import Publish, Speech, SystemSpec

__all__ = ["Pushpin"]

_HOW = "on Debian: apt-get install pushpin zurl"
_VERSION = re.compile(r"pushpin ([0-9.]+)")


class Pushpin(DeclaredSystem):
    """Pushpin, and the application of ``servers/pushpin/`` behind it."""

    needs: ClassVar[Mapping[str, str]] = {"pushpin": _HOW, "condure": _HOW, "zurl": _HOW}
    spec = SystemSpec(
        name="pushpin",
        title="Pushpin",
        start="sh {folder}/start.sh {python} {scratch} {port2} {port3}",
        ready="/ready",
        publish=Publish(path="/publish?id={channel}", port="{port2}"),
        speaks={
            "long-polling": Speech(
                path="/wait?id={channel}&after={last_id}", last_id="$.last", hold_s=30.0
            ),
            "sse": Speech(path="/events?id={channel}", last_id="id", keep_alive_s=20.0),
            "websocket": Speech(
                path="/socket?id={channel}&after={last_id}", last_id="$.last", keep_alive_s=20.0
            ),
        },
    )

    @functools.cache  # noqa: B019 - there is one system of this kind
    def version(self) -> str:
        """Of Pushpin."""
        program = shutil.which("pushpin")
        if program is None:
            return ""
        told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10)
        found = _VERSION.search(told.stdout)
        return found[0].title() if found else ""
