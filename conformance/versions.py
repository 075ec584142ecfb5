"""Which versions of other people's programs a result was made with."""

import importlib.metadata
import json
import re
import shutil
import subprocess

from conformance.node import NODE_PATH

__all__ = ["versions"]

_REQUIREMENTS = NODE_PATH.parent / "requirements.txt"
_OURS = ("httptools", "uvicorn")
_PROGRAMS = {
    "Chromium": ("chromium", "--version"),
    "curl": ("curl", "--version"),
    "Java": ("java", "-version"),
    "Mosquitto": ("mosquitto_sub", "--help"),
    "Node.js": ("node", "--version"),
}


def versions() -> dict[str, str]:
    """By name: Python packages, npm packages as ``npm NAME``, programs; what is there."""
    lines = _REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    names = [re.split(r"[^\w.-]", line)[0] for line in lines if not line.startswith("#")]
    found = {}
    for name in sorted({*names, *_OURS}):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    wanted = json.loads((NODE_PATH.parent / "package.json").read_bytes())["dependencies"]
    for name in wanted:
        path = NODE_PATH / name / "package.json"
        if path.exists():
            found[f"npm {name}"] = json.loads(path.read_bytes())["version"]
    for name, command in _PROGRAMS.items():
        told = _told(*command)
        if told:
            found[name] = told
    return found


def _told(*command: str) -> str:
    """The first number with a dot that the program says of itself."""
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    number = re.search(r"\d+\.\d+(\.\d+)*", done.stdout + done.stderr)
    return number[0] if number else ""
