"""Pushpin (https://pushpin.org): a proxy that holds connections for an application behind it."""

import functools
from collections.abc import Mapping
from typing import ClassVar

from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.launch import find_program, told_by
from pushlab.systems.spec import Publish, Speech, SystemSpec

__all__ = ["Pushpin"]

_HOW = "on Debian: apt-get install pushpin zurl"
_VERSION = r"pushpin ([0-9.]+)"


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
        program = find_program("pushpin")
        return "" if program is None else f"Pushpin {told_by(_VERSION, program, '--version')}"
