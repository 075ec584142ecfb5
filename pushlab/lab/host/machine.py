"""The machine under the laboratory: its limits and its description.

No host name, no user name, no path and no token goes into a run.
"""

import contextlib
import importlib.metadata
import os
import platform
import resource
import subprocess
from pathlib import Path
from typing import Any

import psutil

from pushlab.child_environment import child_environment, without_secrets
from pushlab.errors import NotEnoughDescriptors
from pushlab.lab.host.cores import Cores

__all__ = [
    "SPARE_DESCRIPTORS",
    "closing_connections",
    "describe_machine",
    "port_range",
    "require_descriptors",
]

#: Descriptors of a process beyond one per client: files, pipes, the publisher's connections.
SPARE_DESCRIPTORS = 128
_PACKAGES = (
    "pushlab",
    "uvicorn",
    "uvloop",
    "httptools",
    "websockets",
    "starlette",
    "aiomqtt",
    "numpy",
    "pyarrow",
    "psutil",
)


def require_descriptors(clients: int) -> None:
    """Allow this process and its children a descriptor for each client.

    Raises:
        NotEnoughDescriptors: the machine does not allow so many; the text has the numbers.
    """
    needed = clients + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if hard != unlimited and needed > hard:
        raise NotEnoughDescriptors(
            f"{clients:,} clients need {needed:,} open descriptors in one process, and this machine"
            f" allows {hard:,} (ulimit -Hn); ask for at most {max(0, hard - SPARE_DESCRIPTORS):,}"
            " clients or raise the limit"
        )
    if soft == unlimited or soft >= needed:
        return
    wanted = needed if hard == unlimited else hard
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ValueError, OSError) as error:
        raise NotEnoughDescriptors(
            f"{clients:,} clients need {needed:,} open descriptors in one process; the limit is"
            f" {soft:,} and cannot be raised ({error})"
        ) from error


def port_range() -> int | None:
    """How many ports a client may have towards one server; None where that is not known."""
    with contextlib.suppress(OSError, ValueError):
        low, high = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
        return int(high) - int(low) + 1
    return None


def closing_connections() -> int:
    """How many closed connections of this machine still occupy a port (TIME_WAIT); 0 if unknown."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/net/sockstat").read_text().splitlines():
            words = line.split()
            if words[0] == "TCP:":
                return int(words[words.index("tw") + 1])
    return 0


@without_secrets()  # `platform` starts programs
def describe_machine(
    broker: str = "", cores: Cores | None = None, *, browser: str = ""
) -> dict[str, Any]:
    """What a run must say of the machine and the software that made it.

    Args:
        broker: kind and version of the MQTT broker, if there is one.
        cores: which processes run on which.
        browser: name and version of the browser, if there are subscribers in one.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "load": list(os.getloadavg()),
        "kernel": f"{platform.system()} {platform.release()}",
        "limits": {"open_descriptors": soft, "open_descriptors_hard": hard},
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
        "event_loop": "uvloop",
        "parsers": {"http": "httptools", "websocket": "websockets"},
        "broker": broker,
        **({"browser": browser} if browser else {}),
        "pinning": (cores or Cores(why="not asked for")).to_json(),
        "commit": _commit(),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str | None:
    """The commit of the source tree that this package runs from, ``+`` when changed since."""
    root = Path(__file__).resolve().parents[3]
    if not (root / ".git").exists():
        return None

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=5,
            env=child_environment(),
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "pushlab")
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None
