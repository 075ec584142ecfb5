"""nginx with the nchan module (https://nchan.io): started from ``servers/nchan/``."""

import functools
import os
import resource
import shutil
from collections.abc import Mapping
from pathlib import Path

from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.launch import find_program, told_by
from pushlab.systems.spec import Publish, Speech, SystemSpec

__all__ = ["Nchan"]

_MODULES = (
    "/usr/lib/nginx/modules/ngx_nchan_module.so",
    "/usr/lib64/nginx/modules/ngx_nchan_module.so",
    "/usr/local/lib/nginx/modules/ngx_nchan_module.so",
    "/opt/homebrew/lib/nginx/modules/ngx_nchan_module.so",
)
_HOW = "on Debian: apt-get install nginx libnginx-mod-nchan"
_MOST_DESCRIPTORS = 65_536
_KEPT = 64  # descriptors of a worker that are no connections
_KEEP_ALIVE_S, _HOLD_S = 20.0, 30.0  # as its configuration has them
_VERSION = r"nginx/([0-9.]+)"
_OF_PACKAGE = r"(?:\d+:)?([0-9.]+)"  # a Debian version: what is upstream's of it
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
        if find_program("nginx") is None:
            return f"nginx is not installed; {_HOW}"
        return "" if _module() else f"nginx has no nchan module; {_HOW}"

    @functools.cache  # noqa: B019 - there is one system of this kind
    def version(self) -> str:
        """Of nginx and of the module."""
        if self.missing():
            return ""
        told = f"nginx {told_by(_VERSION, find_program('nginx') or '', '-v')}"
        if shutil.which("dpkg-query"):
            told += f", nchan {told_by(_OF_PACKAGE, 'dpkg-query', '-W', '-f${Version}', _PACKAGE)}"
        return told

    def words(self) -> Mapping[str, str]:
        """The program, its module, and how many connections one worker may hold."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        descriptors = _MOST_DESCRIPTORS if most == resource.RLIM_INFINITY else most
        return {
            "nginx": find_program("nginx") or "nginx",
            "module": _module(),
            # A master that runs as root gives its worker to somebody who may not enter its folder.
            "user": "user root;" if os.geteuid() == 0 else "",
            "descriptors": str(descriptors),
            "connections": str(min(descriptors, _MOST_DESCRIPTORS) - _KEPT),
        }


def _module() -> str:
    return next((path for path in _MODULES if Path(path).is_file()), "")
