"""Eclipse Mosquitto: where it is installed, and the files with which it runs as a child.

Log-ins and access rules go through its dynamic-security plug-in
(https://mosquitto.org/documentation/dynamic-security/), which keeps them in a JSON file that it
rewrites at every change; so the files lie in memory (``/dev/shm``) where there is such a place.
"""

import base64
import hashlib
import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pushlab.child_environment import child_environment
from pushlab.errors import BrokerUnavailable
from pushlab.wire.certificate import Certificate

__all__ = ["HOW_TO_INSTALL", "TUNABLES", "Mosquitto", "find_mosquitto", "write_files"]

HOW_TO_INSTALL = (
    "install it ('apt install mosquitto', 'brew install mosquitto') or use --broker embedded"
)

#: For glibc's malloc: the plug-in builds its whole file in memory at every command and frees it
#: again, which is a third faster when that memory is kept.
TUNABLES = ":".join(
    (
        "glibc.malloc.tcache_count=65535",
        "glibc.malloc.trim_threshold=268435456",
        "glibc.malloc.mmap_threshold=268435456",
    )
)

_PREFIX = "pushlab-mosquitto-"
_PLUGIN = "mosquitto_dynamic_security.so"
_PROGRAM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/usr/bin")
_PLUGIN_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib")
_PBKDF2_ROUNDS = 101  # what the plug-in itself uses; the password is random, so few will do


@dataclass(frozen=True, slots=True)
class Mosquitto:
    """An installed Mosquitto: program, plug-in and version."""

    program: str
    plugin: str
    version: str


def find_mosquitto() -> Mosquitto:
    """The installed Mosquitto.

    Raises:
        BrokerUnavailable: there is none, it is older than 2.0, or its plug-in is missing.
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
    own = Path(program).resolve().parent.parent / "lib"
    for folder in (str(own), *_PLUGIN_FOLDERS):
        for candidate in (Path(folder), *sorted(Path(folder).glob("*-linux-*"))):
            if (candidate / _PLUGIN).is_file():
                return Mosquitto(program, str(candidate / _PLUGIN), match[1] + (match[2] or ""))
    raise BrokerUnavailable(
        f"{program} has no {_PLUGIN} beside it, which pushlab needs for log-ins; {HOW_TO_INSTALL}"
    )


def _hashed(password: str) -> dict[str, Any]:
    """A password as the plug-in stores it: PBKDF2 with SHA-512 (RFC 8018)."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _PBKDF2_ROUNDS)
    return {
        "password": base64.b64encode(digest).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": _PBKDF2_ROUNDS,
    }


def _rules(username: str, password: str) -> dict[str, Any]:
    """The plug-in's first state: one administrator, and nothing allowed to anybody else."""
    allowed = [
        ("publishClientSend", "#"),
        ("publishClientSend", "$CONTROL/dynamic-security/#"),
        ("publishClientReceive", "#"),
        ("publishClientReceive", "$CONTROL/dynamic-security/#"),
        ("publishClientReceive", "$SYS/#"),
        ("subscribePattern", "#"),
        ("subscribePattern", "$CONTROL/dynamic-security/#"),
        ("subscribePattern", "$SYS/#"),
    ]
    return {
        "defaultACLAccess": {
            "publishClientSend": False,
            "publishClientReceive": True,
            "subscribe": False,
            "unsubscribe": True,
        },
        "clients": [{"username": username, "roles": [{"rolename": "admin"}]} | _hashed(password)],
        "roles": [
            {
                "rolename": "admin",
                "acls": [
                    {"acltype": kind, "topic": topic, "allow": True} for kind, topic in allowed
                ],
            }
        ],
    }


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


def write_files(
    found: Mosquitto,
    *,
    port: int,
    username: str,
    password: str,
    certificate: Certificate | None = None,
) -> Path:
    """Write configuration and first log-in to a new private folder, and return the folder.

    The queues are as long as they need be for a burst of a thousand messages to a reader that
    stalls; what is dropped beyond that, the reader asks for again.
    """
    memory = Path("/dev/shm")
    parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else tempfile.gettempdir()
    _sweep(Path(parent))
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))
    rules = folder / "rules.json"
    rules.write_text(json.dumps(_rules(username, password)))
    rules.chmod(0o600)
    lines = [
        "per_listener_settings false",
        f"listener {port} 127.0.0.1",
        "allow_anonymous false",
        f"plugin {found.plugin}",
        f"plugin_opt_config_file {rules}",
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
