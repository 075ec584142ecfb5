"""Eclipse Mosquitto: where it is installed, and the files with which it runs as a child.

Its password file and its access rules are the hub's to change as tokens come and go
(`pushlab.transports._mqtt_file_logins`); they lie in memory (``/dev/shm``) where there is such a
place.
"""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pushlab.brokers._child import spawn
from pushlab.child_environment import child_environment
from pushlab.errors import BrokerUnavailable
from pushlab.transports._mqtt_file_logins import (
    BRIDGED,
    COMMON_RULES,
    PASSWORDS,
    PROCESS,
    RULES,
    entries_of,
    hashed,
    write_private,
)
from pushlab.wire.certificate import Certificate

__all__ = ["Mosquitto", "find_mosquitto", "hold", "start", "write_files"]

HOW_TO_INSTALL = (
    "install it ('apt install mosquitto', 'brew install mosquitto') or use --broker embedded"
)

_PREFIX = "pushlab-mosquitto-"
_PROGRAM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/usr/bin")


@dataclass(frozen=True, slots=True)
class Mosquitto:
    """An installed Mosquitto: program and version."""

    program: str
    version: str


def find_mosquitto() -> Mosquitto:
    """The installed Mosquitto.

    Raises:
        BrokerUnavailable: there is none, or it is older than 2.0.
    """
    path = os.pathsep.join([os.environ.get("PATH", ""), *_PROGRAM_FOLDERS])
    program = shutil.which("mosquitto", path=path)
    if program is None:
        raise BrokerUnavailable(f"Mosquitto is not installed; {HOW_TO_INSTALL}")
    try:
        answer = subprocess.run(
            [program, "-h"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            env=child_environment(),
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrokerUnavailable(f"{program} does not run: {error}; {HOW_TO_INSTALL}") from error
    match = re.search(r"mosquitto version (\d+)(\.\d+\S*)?", answer)
    if match is None or int(match[1]) < 2:
        found = match[0] if match else "a mosquitto that does not tell its version"
        raise BrokerUnavailable(f"pushlab needs Mosquitto 2.0 or later, not {found}")
    return Mosquitto(program, match[1] + (match[2] or ""))


def _sweep(parent: Path) -> None:
    """Remove the folders of those who were killed before they could."""
    for folder in parent.glob(f"{_PREFIX}*-*"):
        owner = folder.name[len(_PREFIX) :].partition("-")[0]
        if owner.isdecimal() and os.access(folder, os.W_OK):
            try:
                os.kill(int(owner), 0)
            except ProcessLookupError:
                shutil.rmtree(folder, ignore_errors=True)
            except PermissionError:
                pass  # somebody else's, who lives


def hold(folder: Path) -> int | None:
    """A descriptor that keeps other hubs from a folder until it is closed; None if one has it."""
    import fcntl  # not every platform has it, and this module is read for its words, too

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_CREAT | os.O_WRONLY, 0o600)
    except OSError:  # nothing can be kept there
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _new_folder() -> Path:
    memory = Path("/dev/shm")
    parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else tempfile.gettempdir()
    _sweep(Path(parent))
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))


def write_files(
    *,
    host: str,
    port: int,
    username: str,
    password: str,
    certificate: Certificate | None = None,
    kept: Path | None = None,
) -> Path:
    """Write configuration and first log-in to a private folder, and return the folder.

    It is a new one, or that of `kept`, whose log-ins of before stay.

    The queues are as long as they need be for a burst of a thousand messages to a reader that
    stalls; what is dropped beyond that, the reader asks for again.
    """
    folder = _new_folder() if kept is None else kept
    folder.mkdir(mode=0o700, exist_ok=True)
    passwords, rules = entries_of(folder)
    write_private(folder / PASSWORDS, "".join([hashed(username, password), *passwords]))
    bridge = f"user {username}\ntopic readwrite #\ntopic read $SYS/#\n"
    write_private(folder / RULES, COMMON_RULES + bridge + rules)
    lines = [
        "per_listener_settings false",
        f"listener {port} {host}",
        "allow_anonymous false",
        f"password_file {folder / PASSWORDS}",
        f"acl_file {folder / RULES}",
        "persistence false",
        "set_tcp_nodelay true",
        "max_inflight_messages 1000",
        "max_queued_messages 10000",
        "sys_interval 1",
        f"log_dest file {folder / 'log'}",
        "log_type error",
        "log_type warning",
        "connection_messages false",
    ]
    if certificate is not None:
        keyfile = certificate.keyfile or certificate.certfile
        lines[2:2] = [f"certfile {certificate.certfile}", f"keyfile {keyfile}"]  # the listener's
    if os.geteuid() == 0:
        lines.append("user root")  # else it gives up root and cannot read its own files
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    return folder


def start(found: Mosquitto, folder: Path) -> "subprocess.Popen[bytes]":
    """Run it with the files in that folder. Raises BrokerUnavailable."""
    (folder / BRIDGED).unlink(missing_ok=True)
    with (folder / "output").open("wb") as output:
        child = spawn(
            [found.program, "-c", str(folder / "mosquitto.conf")],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    (folder / PROCESS).write_text(str(child.pid))
    return child
