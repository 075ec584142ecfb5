"""Programs for Node.js, with the npm packages of `conformance/clients/package.json`."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from conformance.model import NotRun

__all__ = ["NODE_PATH", "node", "node_program"]

_HERE = Path(__file__).parent
NODE_PATH = _HERE / "clients" / "node_modules"


def node_program(package: str = "") -> str:
    """Node.js itself, if it and the npm package are there. Raises NotRun."""
    program = shutil.which("node")
    if program is None:
        raise NotRun("Node.js is not installed")
    if package and not (NODE_PATH / package / "package.json").exists():
        raise NotRun(f"the npm package {package} is not installed")
    return program


def node(script: str, said: str, *, package: str = "mqtt-packet") -> str:
    """What a script of this folder answers to what is said. Raises NotRun."""
    with tempfile.TemporaryFile("w+") as asked:  # of a pipe, Node.js may read what is there so far
        asked.write(said)
        asked.seek(0)
        done = subprocess.run(
            [node_program(package), str(_HERE / script)],
            stdin=asked,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "NODE_PATH": str(NODE_PATH)},
        )
    if done.returncode:
        raise RuntimeError(f"{script}: {done.stderr[-400:]}")
    return done.stdout
