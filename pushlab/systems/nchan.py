"""nginx with the nchan module (https://nchan.io): started from ``servers/nchan/``."""

import functools
import os
import re
import resource
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.spec import Publish, Speech, SystemSpec

__all__ = ["Nchan"]

_MODULES = (
    "/usr/lib/nginx/modules/ngx_nchan_module.so",
    "/usr/lib64/nginx/modules/ngx_nchan_module.so",
    "/usr/local/lib/nginx/modules/ngx_nchan_module.so",
    "/opt/homebrew/lib/nginx/modules/ngx_nchan_module.so",
)
#: An ordinary user's PATH has not all of them.
_PROGRAMS = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin"
_HOW = "on Debian: apt-get install nginx libnginx-mod-nchan"
_MOST_DESCRIPTORS = 65_536
_KEPT = 64  # descriptors of a worker that are no connections
_KEEP_ALIVE_S, _HOLD_S = 20.0, 30.0  # as its configuration has them
_VERSION = re.compile(r"nginx/([0-9.]+)")
_OF_PACKAGE = re.compile(r"(?:\d+:)?([0-9.]+)")  # a Debian version: what is upstream's of it
_PACKAGE = "libnginx-mod-nchan"


class Nchan(DeclaredSystem):
    """nginx with nchan, one worker."""

    spec = SystemSpec(
        name="nchan",
        title="nchan",
        start="{nginx} -c {scratch}/nginx.conf -p {scratch} -e stderr",
        ready="/ready",
        publish=Publish(path="/publish?id={channel}"),
        speaks={
            "short-polling": Speech(
                path="/poll?id={channel}", last_id="validators", one_by_one=True
            ),
            "long-polling": Speech(
                path="/wait?id={channel}", last_id="validators", one_by_one=True, hold_s=_HOLD_S
            ),
            "sse": Speech(path="/events?id={channel}", last_id="id", keep_alive_s=_KEEP_ALIVE_S),
            "websocket": Speech(
                path="/socket?id={channel}&last_event_id={last_id}",
                subprotocol="ws+meta.nchan",
                last_id="id",
                keep_alive_s=_KEEP_ALIVE_S,
            ),
        },
    )

    def missing(self) -> str:
        """Which of nginx and its module is not there."""
        if _nginx() is None:
            return f"nginx is not installed; {_HOW}"
        return "" if _module() else f"nginx has no nchan module; {_HOW}"

    @functools.cache  # noqa: B019 - there is one system of this kind
    def version(self) -> str:
        """Of nginx and of the module."""
        if self.missing():
            return ""
        told = f"nginx {_told(_VERSION, _nginx() or '', '-v')}"
        if shutil.which("dpkg-query"):
            told += f", nchan {_told(_OF_PACKAGE, 'dpkg-query', '-W', '-f${Version}', _PACKAGE)}"
        return told

    def words(self) -> Mapping[str, str]:
        """The program, its module, and how many connections one worker may hold."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        descriptors = _MOST_DESCRIPTORS if most == resource.RLIM_INFINITY else most
        return {
            "nginx": _nginx() or "nginx",
            "module": _module(),
            # A master that runs as root gives its worker to somebody who may not enter its folder.
            "user": "user root;" if os.geteuid() == 0 else "",
            "descriptors": str(descriptors),
            "connections": str(min(descriptors, _MOST_DESCRIPTORS) - _KEPT),
        }


def _told(form: re.Pattern[str], *command: str) -> str:
    """What a program says in this form."""
    told = subprocess.run(command, capture_output=True, text=True, timeout=10)
    found = form.search(told.stdout + told.stderr)
    return found[1] if found else "?"


def _nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path=_PROGRAMS)


def _module() -> str:
    return next((path for path in _MODULES if Path(path).is_file()), "")
