"""Where the site has its Pyodide from: npm's core, a folder, or an address that the tab asks.

The version is the one that JupyterLite's kernel is made for. Npm's core has the interpreter and the
standard library and none of the 300 packages beside it; the course needs none of these.
"""

import json
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pushlab.course.lite.tools import run
from pushlab.errors import UsageError

__all__ = ["LOCK", "PLACE", "Pyodide", "had"]

PLACE = (
    "where Pyodide is: a folder with pyodide.mjs, for a full Pyodide that the site shall carry, or"
    " the address of such a folder, which tabs then ask; npm's core unless given"
)
LOCK = "pyodide-lock.json"
_ENTRY = "pyodide.mjs"
#: What a tab loads of it; npm's package has types, consoles and maps besides.
_CORE = (_ENTRY, "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", LOCK)


@dataclass(frozen=True, slots=True)
class Pyodide:
    """A Pyodide of which the site is made.

    Attributes:
        url: where a tab finds ``pyodide.mjs``, from the site's root or as a whole address.
        lock: what its ``pyodide-lock.json`` says, `packages` those that a tab can have of it.
        published: all of its packages, whether or not they are here: they name versions.
    """

    url: str
    lock: Mapping[str, Any]
    published: Mapping[str, Mapping[str, Any]]

    @property
    def remote(self) -> bool:
        """Whether tabs ask another host for it."""
        return "://" in self.url


def had(place: str | None, version: str, folder: Path) -> Pyodide:
    """Put Pyodide into the folder, or note where tabs find it.

    Args:
        place: a folder, an address, or None for npm's core.
        version: the version that npm is asked for, and that a folder must have.
        folder: ``static/pyodide`` of the site to be.

    Raises:
        SetupError: npm has none for us, or there is no npm.
        UsageError: the folder is not a Pyodide, or one of another version.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if place and "://" not in place:
        return _from_folder(Path(place), version, folder)
    with tempfile.TemporaryDirectory(prefix="pushlab-lite-") as name:
        core = _from_npm(version, Path(name))
        if place is None:
            return _from_folder(core, version, folder)
        lock = json.loads((core / LOCK).read_text(encoding="utf-8"))
    address, packages = place.removesuffix(_ENTRY).rstrip("/"), lock["packages"]
    there = {
        name: {**each, "file_name": f"{address}/{each['file_name']}"}
        for name, each in packages.items()
    }
    return Pyodide(f"{address}/{_ENTRY}", {**lock, "packages": there}, packages)


def _from_npm(version: str, folder: Path) -> Path:
    command = ["npm", "pack", f"pyodide@{version}", "--silent", "--fetch-retries=1"]
    run("Pyodide could not be had from npm", command, cwd=folder)
    with tarfile.open(next(folder.glob("*.tgz"))) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package"


def _from_folder(place: Path, version: str, folder: Path) -> Pyodide:
    wanted = (*_CORE, "package.json")
    missing = next((file for file in wanted if not (place / file).is_file()), None)
    if missing:
        raise UsageError(f"{place}: is not a Pyodide, for there is no {missing}")
    lock = json.loads((place / LOCK).read_text(encoding="utf-8"))
    there = json.loads((place / "package.json").read_text(encoding="utf-8"))["version"]
    if there != version:
        raise UsageError(f"{place}: is Pyodide {there}; JupyterLite's kernel wants {version}")
    packages = lock["packages"]
    kept = {name: each for name, each in packages.items() if (place / each["file_name"]).is_file()}
    for file in (*_CORE, *(each["file_name"] for each in kept.values())):
        shutil.copy(place / file, folder)
    return Pyodide(f"./static/pyodide/{_ENTRY}", {**lock, "packages": kept}, packages)
