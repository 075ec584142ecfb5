"""`pushlab probe`: tries a server with one client, and says in plain words what it found.

A probe publishes into somebody's server. On this machine it does; elsewhere it only reads, unless
``--publish`` is given. One reader and some messages are no load, so nothing more is asked for.
"""

import asyncio
import dataclasses
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console

from pushlab.commands.probe_address import address_lines, told_table
from pushlab.commands.probe_terminal import Screen, write_lines
from pushlab.commands.probe_verdicts import judge
from pushlab.commands.targets import system_of
from pushlab.commands.terminal import json_text
from pushlab.contract.authority import is_loopback, without_login
from pushlab.lab.probe.address import probe_address
from pushlab.lab.probe.probe import probe_system, variables_of
from pushlab.lab.probe.trying import ProbeSettings
from pushlab.systems.system import System

__all__ = ["probe"]

_SHORT = 4  # a secret of fewer letters may be part of any word


def probe(
    target: str,
    *,
    publish: bool = False,
    listen_s: float = 20.0,
    wait_s: float = 5.0,
    channel: str | None = None,
    as_json: bool = False,
) -> int:
    """Probe a system, or find out what a URL is; the exit status.

    It is 0 if every transport is good, and 1 if a verdict is bad, or nothing is known of a URL.

    Args:
        target: a TOML file with a [system] table, the name of a system that is installed, or a URL.
        publish: publish even where the server is not on this machine.
        listen_s: how long is listened in silence.
        wait_s: how long is waited for an answer, and for a message.
        channel: a channel that exists; None: one of the probe's own.

    Raises:
        UsageError: it is none of these, or what it declares is wrong.
        SetupError: the server does not start.
    """
    console = Console(stderr=as_json, highlight=False, emoji=False)
    if "://" in target:
        return _address(target, console, listen_s=listen_s, wait_s=wait_s, as_json=as_json)
    system = system_of(target)
    settings = ProbeSettings(
        publish=publish or _is_here(system),
        listen_s=listen_s,
        wait_s=wait_s,
        channel=channel or "",
    )
    secrets = _secrets(system)
    screen = Screen(console, system, settings, secrets)
    result = asyncio.run(
        probe_system(system, settings, tried=screen.tried, listening=screen.listening)
    )
    verdicts = [judge(found, result.published) for found in result.found]
    if as_json:
        told = {**dataclasses.asdict(result), "publishes": settings.publish}
        told["verdicts"] = [
            {**dataclasses.asdict(verdict), "verdict": verdict.word} for verdict in verdicts
        ]
        print(screen.hidden(json_text(told)))
    screen.end(result, verdicts)
    return int(any(verdict.bad for verdict in verdicts) or bool(result.gone))


def _is_here(system: System) -> bool:
    """Whether the server is on this machine: it is started, or its address is the loopback's."""
    spec = getattr(system, "spec", None)
    url = spec.url if spec is not None else ""
    return not url or is_loopback((urlsplit(url).hostname or "").lower())


def _secrets(system: System) -> Mapping[str, str]:
    """What stands in the environment, by value, and how it may be shown."""
    names = variables_of(getattr(system, "spec", None))
    found = {os.environ.get(name, ""): f"{{env.{name}}}" for name in names}
    return {value: name for value, name in found.items() if len(value) >= _SHORT}


def _address(url: str, console: Console, *, listen_s: float, wait_s: float, as_json: bool) -> int:
    shown = without_login(url)
    if not as_json:
        console.print(f"asking {shown}, for {listen_s:g} s at most ...", soft_wrap=True)
    found = asyncio.run(probe_address(url, listen_s=listen_s, wait_s=wait_s))
    table = told_table(found)
    if as_json:
        told: dict[str, Any] = {**dataclasses.asdict(found), "url": shown, "table": table}
        print(json_text(told))
    else:
        write_lines(console, list(address_lines(found)))
        if table:
            console.print()
            print(table)
    return int(bool(found.trouble))
