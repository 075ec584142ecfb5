"""`pushlab probe`: tries a server with one client, and says in plain words what it found.

A probe publishes into somebody's server. On this machine it does; elsewhere it only reads, unless
``--publish`` is given. One reader and some messages are no load, so nothing more is asked for.
"""

import asyncio
import dataclasses
from typing import Any

from rich.console import Console

from pushlab.commands.probe_address import address_lines, told_table
from pushlab.commands.probe_terminal import Screen, write_lines
from pushlab.commands.probe_verdicts import judge
from pushlab.commands.targets import system_of
from pushlab.commands.terminal import json_text
from pushlab.contract.authority import is_loopback, without_login
from pushlab.errors import SetupError, UsageError
from pushlab.lab.probe.address import probe_address
from pushlab.lab.probe.probe import probe_system
from pushlab.lab.probe.trying import ProbeSettings
from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.manners import check_environment, masked

__all__ = ["probe"]


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
        SetupError: the server is not installed, or does not start.
    """
    if wait_s <= 0:
        raise UsageError("--wait must be above 0: no server answers in no time")
    console = Console(stderr=as_json, highlight=False, emoji=False)
    if "://" in target:
        return _address(target, console, listen_s=listen_s, wait_s=wait_s, as_json=as_json)
    system = system_of(target)
    check_environment([system])
    if lacking := system.missing():
        raise SetupError(f"{system.name}: {lacking}")
    host = system.attached_to
    if host and isinstance(system, DeclaredSystem):  # it runs, or it does not
        system = DeclaredSystem.of(dataclasses.replace(system.spec, ready_within_s=wait_s))
    settings = ProbeSettings(
        publish=publish or not host or is_loopback(host),
        listen_s=listen_s,
        wait_s=wait_s,
        channel=channel or "",
    )
    screen = Screen(console, system, settings)
    result = asyncio.run(
        probe_system(system, settings, tried=screen.tried, listening=screen.listening)
    )
    verdicts = [judge(found, result.published) for found in result.found]
    if as_json:
        told = {**dataclasses.asdict(result), "publishes": settings.publish}
        told["verdicts"] = [
            {**dataclasses.asdict(verdict), "verdict": verdict.word} for verdict in verdicts
        ]
        print(masked(json_text(told), system))
    screen.end(result, verdicts)
    return int(any(verdict.bad for verdict in verdicts) or bool(result.gone))


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
