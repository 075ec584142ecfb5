"""Systems that run in Node.js: a program of ``servers/`` and the npm packages that it needs."""

import functools
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from pushlab.systems.declared import DeclaredSystem, servers_folder
from pushlab.systems.launch import told_by

__all__ = ["NodeSystem"]


class NodeSystem(DeclaredSystem):
    """A system whose server is ``node server.js PORT``.

    Packages are looked for where Node.js does, then in ``node_modules`` of the working folder, then
    where ``make systems`` puts them.

    Attributes:
        npm: the packages that it needs, which are what it is made of.
    """

    needs: ClassVar[Mapping[str, str]] = {"node": "on Debian: apt-get install nodejs npm"}
    npm: ClassVar[Sequence[str]] = ()

    def missing(self) -> str:
        """Whether Node.js or which package is not there, and how to get it."""
        if lacking := super().missing():
            return lacking
        away = [name for name in self.npm if not _version(name)]
        if not away:
            return ""
        be = "is" if len(away) == 1 else "are"
        told = f"npm's {' and '.join(away)} {be} not installed"
        return f"{told}; try: make systems, or npm install {' '.join(away)}"

    def version(self) -> str:
        """Of Node.js and of the packages."""
        program = shutil.which("node")
        if program is None or self.missing():
            return ""
        packages = [f"{name} {_version(name)}" for name in self.npm]
        return ", ".join([f"Node.js {_of_node(program)}", *packages])

    def environment(self) -> Mapping[str, str]:
        """Where its packages are."""
        return {"NODE_PATH": os.pathsep.join(map(str, _folders())), "NODE_ENV": "production"}


def _folders() -> Iterator[Path]:
    yield from map(Path, filter(None, os.environ.get("NODE_PATH", "").split(os.pathsep)))
    yield Path.cwd() / "node_modules"
    yield servers_folder("").parent / "build" / "servers" / "node_modules"


def _version(package: str) -> str:
    """Of an npm package; empty: it is not there."""
    for folder in _folders():
        try:
            return str(json.loads((folder / package / "package.json").read_bytes())["version"])
        except (OSError, ValueError, LookupError, TypeError):
            continue
    return ""


@functools.cache
def _of_node(program: str) -> str:
    return told_by(r"v([0-9.]+)", program, "--version")
