"""Starts an MQTT broker as a child process, or finds one that runs already.

A child listens on 127.0.0.1 on a free port, lets nobody in without a log-in, writes its log to a
file and not to a pipe, and dies with the process that started it, however that ends. Nothing here
belongs to an event loop: one `asyncio.run` may start a broker and another one stop it.

On Linux a child also dies with the *thread* that started it: start brokers from a thread that lives
as long as they should.
"""

import importlib.metadata
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from pushlab.brokers import _probe as probe
from pushlab.brokers import mosquitto
from pushlab.brokers._child import first_line, last_lines, spawn, tail
from pushlab.brokers.broker import Broker
from pushlab.contract.authority import is_loopback, reached_here, without_login
from pushlab.contract.broker_access import BrokerAccess
from pushlab.errors import BrokerUnavailable, UsageError
from pushlab.wire.certificate import Certificate

__all__ = ["CHOICES", "Broker", "Listen", "start_broker"]

CHOICES = ("auto", "embedded", "mosquitto", "mqtt[s]://USER@HOST:PORT")
#: Of a broker that runs already; a command line is everybody's to read.
PASSWORD_VARIABLE = "PUSHLAB_BROKER_PASSWORD"

_HUB = "pushlab-hub"  # the bridge's user name
_START_S = 15.0
_PORT_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a broker that is started here listens; port 0 takes a free one.

    Attributes:
        kept: a folder for a Mosquitto's log-ins, with which the next one there goes on.
    """

    host: str = "127.0.0.1"
    port: int = 0
    kept: Path | None = None

    @property
    def everywhere(self) -> bool:
        """Whether it is reached from other machines."""
        return not is_loopback(self.host)


async def start_broker(
    choice: str = "auto",
    *,
    certificate: Certificate | None = None,
    listen: Listen | None = None,
) -> Broker:
    """Start or find a broker, and return it when it lets the hub log in.

    Args:
        choice: ``auto`` (Mosquitto where it is installed, else the embedded one), ``embedded``,
            ``mosquitto``, or the URL of one that runs already, with the log-in of an
            administrator of its dynamic-security plug-in: ``mqtt://user@host:port``, or
            ``mqtts://`` for one that is encrypted. The password is that of the environment variable
            PUSHLAB_BROKER_PASSWORD, or stands in the URL behind the user name.
        certificate: with which a broker that is started here encrypts; one that runs already has
            its own.
        listen: where one that is started here listens.

    Raises:
        UsageError: `choice` is none of these.
        BrokerUnavailable: it is not installed, does not start, is down, or lets us not in.
    """
    listen = listen or Listen()
    if choice.startswith(("mqtt://", "mqtts://")):
        return await _find_remote(choice)
    if choice == "auto":
        try:
            found = mosquitto.find_mosquitto()
        except BrokerUnavailable:
            choice = "embedded"
        else:
            return await _start_mosquitto(found, certificate, listen)
    if choice == "embedded":
        return await _start_embedded(certificate, listen)
    if choice == "mosquitto":
        return await _start_mosquitto(mosquitto.find_mosquitto(), certificate, listen)
    raise UsageError(
        f"unknown broker {without_login(choice)!r}; choose one of {', '.join(CHOICES)}"
    )


async def _find_remote(url: str) -> Broker:
    try:
        parts = urlsplit(url)
        tls = parts.scheme == "mqtts"
        host, port = parts.hostname, parts.port or (8883 if tls else 1883)
    except ValueError as error:
        cause = None if "@" in url else error  # which may quote a password
        raise UsageError(f"{without_login(url)!r} is not a broker's URL") from cause
    secret = os.environ.get(PASSWORD_VARIABLE) if parts.password is None else parts.password
    if not host or parts.username is None or not secret:
        raise UsageError(
            f"{without_login(url)!r} must have a user name and a host: mqtt://user@host:port, with"
            f" the password in the environment variable {PASSWORD_VARIABLE}"
        )
    username = unquote(parts.username)
    password = secret if parts.password is None else unquote(secret)
    access = BrokerAccess("remote", host, port, username, password, tls)
    try:
        await probe.check_rules(access)
    except probe.NotYet as error:
        raise BrokerUnavailable(f"no MQTT broker answers on {host}:{port}: {error}") from error
    return Broker(access)


async def _start_mosquitto(
    found: mosquitto.Mosquitto, certificate: Certificate | None, listen: Listen
) -> Broker:
    said = ""
    for _ in range(1 if listen.port else _PORT_ATTEMPTS):
        try:
            return await _try_mosquitto(found, certificate, listen)
        except _PortTaken as error:  # somebody took it between our look and Mosquitto's
            said = str(error)
    raise BrokerUnavailable(f"Mosquitto ({found.program}) did not start: {said}")


def _access(
    kind: str, listen: Listen, port: int, password: str, certificate: Certificate | None
) -> BrokerAccess:
    """How the hub reaches a broker that is started here."""
    host, everywhere = reached_here(listen.host), listen.everywhere
    access = BrokerAccess(kind, host, port, _HUB, password, everywhere=everywhere)
    if certificate is None:
        return access
    return replace(access, tls=True, authority=certificate.authority)


class _PortTaken(Exception):
    """The free port was not free any more."""


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as finder:
        finder.bind((host, 0))
        port: int = finder.getsockname()[1]
        return port


async def _try_mosquitto(
    found: mosquitto.Mosquitto, certificate: Certificate | None, listen: Listen
) -> Broker:
    held = None if listen.kept is None else mosquitto.hold(listen.kept)
    if held is None:
        listen = replace(listen, kept=None)
    port = listen.port or _free_port(reached_here(listen.host))
    access = _access("mosquitto", listen, port, secrets.token_urlsafe(24), certificate)
    folder = mosquitto.write_files(
        host=listen.host,
        port=port,
        kept=listen.kept,
        username=access.username,
        password=access.password,
        certificate=certificate,
    )
    start = partial(mosquitto.start, found, folder)
    try:
        child = start()
    except BaseException:
        if held is None:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            os.close(held)
        raise
    access = replace(access, folder=str(folder))
    broker = Broker(
        access,
        version=found.version,
        child=child,
        folder=folder,
        held=held,
        start=start,
    )
    try:
        await probe.log_in(access, limit_s=_START_S, alive=lambda: broker.running)
    except BaseException as error:
        said = tail(folder / "log", folder / "output") or str(error)
        stranger = isinstance(error, BrokerUnavailable)  # another server answered on the port
        if stranger:
            said = f"port {port} is in use"
        broker.kill()
        if stranger or (isinstance(error, probe.NotYet) and "in use" in said):
            raise _PortTaken(said) from error
        if isinstance(error, probe.NotYet):
            raise BrokerUnavailable(f"Mosquitto ({found.program}) did not start: {said}") from error
        raise
    return broker


async def _start_embedded(certificate: Certificate | None, listen: Listen) -> Broker:
    password = secrets.token_urlsafe(24)
    config = {
        "host": listen.host,
        "port": listen.port,
        "username": _HUB,
        "password": password,
        "certificate": None if certificate is None else asdict(certificate),
    }
    with tempfile.TemporaryFile() as log:
        child = _spawn_embedded(log)
        broker = Broker(_access("embedded", listen, 0, password, certificate), child=child)
        try:
            line = await first_line(child, json.dumps(config).encode() + b"\n", within_s=_START_S)
            told = json.loads(line)
            if "error" in told:
                raise BrokerUnavailable(f"the embedded broker cannot listen: {told['error']}")
            port = int(told["port"])
        except BaseException as error:
            broker.kill()
            if isinstance(error, TimeoutError | ValueError | KeyError):
                log.seek(0)
                said = last_lines(log.read().decode(errors="replace"))
                why = said or f"exit status {child.returncode}"
                raise BrokerUnavailable(f"the embedded broker did not start: {why}") from error
            raise

    def start() -> "subprocess.Popen[bytes]":
        child = _spawn_embedded(subprocess.DEVNULL)
        assert child.stdin is not None
        child.stdin.write(json.dumps({**config, "port": port}).encode() + b"\n")
        child.stdin.flush()
        return child

    broker.start = start
    broker.access = _access("embedded", listen, port, password, certificate)
    broker.version = importlib.metadata.version("pushlab")
    return broker


def _spawn_embedded(log: "IO[bytes] | int") -> "subprocess.Popen[bytes]":
    return spawn(
        [sys.executable, "-m", "pushlab.brokers.embedded"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
    )
