"""The wheels of a tab, and the lock file that tells Pyodide of them.

All are pure Python, so that each is the one file for every machine. IPython and what it needs have
the versions that Pyodide's own lock names; JupyterLite's kernel brings its own, and pushlab's is
made here. What a wheel says of itself is read from it, so that the lock never disagrees.
"""

import hashlib
import json
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pushlab.course.lite.pyodide import LOCK, Pyodide
from pushlab.course.lite.tools import run
from pushlab.errors import SetupError

__all__ = ["BESIDE", "PYODIDES", "closure", "entry", "lock_wheels"]

#: What the kernel loads, by Pyodide's own versions; what these need comes with them.
PYODIDES = ("micropip", "packaging", "ipython", "jedi")
#: What is loaded besides, which Pyodide's lock does not have: by the kernel, and by pushlab.
BESIDE = ("comm==0.2.3", "websockets>=14")
_PURE = re.compile(r"^(?P<name>[^-]+)-(?P<version>[^-]+)(-\d[^-]*)?-(py3|py2\.py3)-none-any\.whl$")


def lock_wheels(
    pyodide: Pyodide,
    kernels: Sequence[Path],
    checkout: Path,
    folder: Path,
) -> list[str]:
    """Put the wheels and the lock file into a folder.

    Args:
        pyodide: whose lock is added to.
        kernels: the wheels of JupyterLite's kernel.
        checkout: pushlab's, of which a wheel is made.
        folder: where they go, beside Pyodide.

    Returns:
        The names of all that a kernel loads before it begins, in alphabetical order.

    Raises:
        SetupError: one of them could not be had.
    """
    wanted = closure(pyodide.published, PYODIDES)
    missing = {name: each for name, each in wanted.items() if name not in pyodide.lock["packages"]}
    python = ".".join(pyodide.lock["info"]["python"].split(".")[:2])
    asked = [f"{name}=={each['version']}" for name, each in missing.items()]
    with tempfile.TemporaryDirectory(prefix="pushlab-lite-") as name:
        wheels = Path(name)
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        run(
            "the wheels could not be had from PyPI",
            [*pip, "download", "--no-deps", "--only-binary=:all:", "--platform=any",
             "--implementation=py", f"--python-version={python}", "--dest", str(wheels),
             *asked, *BESIDE],
            cwd=checkout,
        )  # fmt: skip
        run(
            "pushlab's wheel could not be made",
            [*pip, "wheel", "--no-deps", "--wheel-dir", str(wheels), str(checkout)],
            cwd=checkout,
        )
        for each in kernels:
            shutil.copy(each, wheels)
        found = sorted(wheels.glob("*.whl"))
        added = dict(entry(wheel) for wheel in found)
        for wheel in found:
            shutil.copy(wheel, folder)
    lock = {**pyodide.lock, "packages": {**pyodide.lock["packages"], **added}}
    (folder / LOCK).write_text(json.dumps(lock, indent=1, sort_keys=True), encoding="utf-8")
    return sorted({*wanted, *added})


def closure(packages: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> dict[str, Any]:
    """Those packages of a lock, and all that they depend on, by their usual names."""
    known = {_usual(name): each for name, each in packages.items()}
    found: dict[str, Any] = {}
    waiting = [_usual(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = known[name]
            waiting.extend(_usual(each) for each in known[name]["depends"])
    return found


def entry(wheel: Path) -> tuple[str, dict[str, Any]]:
    """A wheel's name, and what a lock file says of it. Raises SetupError if it is not pure."""
    parts = _PURE.match(wheel.name)
    if parts is None:
        raise SetupError(f"{wheel.name}: is no pure wheel, so it does not run in every tab")
    with zipfile.ZipFile(wheel) as packed:
        tops = {name.partition("/")[0] for name in packed.namelist() if name.endswith(".py")}
    name = _usual(parts["name"])
    return name, {
        "name": name,
        "version": parts["version"],
        "file_name": wheel.name,
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "imports": sorted(top.removesuffix(".py") for top in tops if "." not in top[:-3]),
        "depends": [],  # every one of them is loaded, by name
        "install_dir": "site",
        "package_type": "package",
        "unvendored_tests": False,
    }


def _usual(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
