"""The site itself: notebooks, JupyterLite, Pyodide and wheels, laid out in one folder."""

import importlib
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from pushlab.course.lite.pyodide import had
from pushlab.course.lite.tools import run
from pushlab.course.lite.wheels import lock_wheels
from pushlab.errors import MissingExtra, SetupError, UsageError

__all__ = ["build_site", "copy_chapters"]

_CHECKOUT = Path(__file__).resolve().parents[3]
_FIRST = "00_start_here.ipynb"
#: The page to begin with: JupyterLab wants a screen that is wide, and a phone has none. JupyterLite
#: reads its settings from the site's ``index.html``, so this is another page.
_BEGIN = "course.html"
_INDEX = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>pushlab: the course</title>
<p><a href="lab/index.html?path={first}">The course</a>, and
<a href="notebooks/index.html?path={first}">for phones</a></p>
<script>
location.replace(document.links[screen.width < 700 ? 1 : 0].href);
</script>
</html>
"""
_KERNEL = "@jupyterlite/pyodide-kernel-extension"
_KERNEL_WHEELS = ("ipykernel", "piplite", "pyodide_kernel")
_NEEDS = "the course in a tab needs {}; try: pip install --group lite"
#: What students get of the notebooks.
_CHAPTERS = "[0-9][0-9]_*.ipynb"
#: The tab's kernel, so that nobody is asked which one a notebook shall have.
_KERNELSPEC = {"display_name": "Python (Pyodide)", "language": "python", "name": "python"}


def build_site(out: Path, *, place: str | None = None) -> Path:
    """Build the site, in place of what was in the folder.

    Args:
        place: where Pyodide is, as `pushlab.course.lite.pyodide.PLACE` has it.

    Returns:
        The page to begin with.

    Raises:
        MissingExtra: JupyterLite is not installed.
        SetupError: something that the site is made of could not be had.
        UsageError: there is no checkout here, or `out` holds something else.
    """
    if not (_CHECKOUT / "notebooks" / _FIRST).is_file():
        raise UsageError("the course in a tab is built from a checkout of pushlab")
    if out.exists() and (not out.is_dir() or _is_foreign(out)):
        raise UsageError(f"{out}: holds something else; name another folder")
    extension = _extension()
    with tempfile.TemporaryDirectory(prefix="pushlab-lite-") as name:
        folder = Path(name)
        static = folder / "site" / "static" / "pyodide"
        pyodide = had(place, _version(), static)
        kernels = [
            wheel
            for wheel in (extension / "static" / "pypi").glob("*.whl")
            if wheel.name.startswith(_KERNEL_WHEELS)
        ]
        loaded = lock_wheels(pyodide, kernels, _CHECKOUT, static)
        copy_chapters(_CHECKOUT / "notebooks", folder / "course")
        _tell(folder / "jupyter-lite.json", pyodide.url, loaded)
        config = {"LiteBuildConfig": {"federated_extensions": [str(extension)]}}
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        run(
            "the site could not be built",
            [sys.executable, "-m", "jupyterlite_core", "build", "--config=config.json",
             "--contents=course", "--output-dir=built", "--ignore-sys-prefix", "--no-sourcemaps",
             "--no-libarchive", "--apps=lab", "--apps=notebooks", "--apps=tree"],
            cwd=folder,
        )  # fmt: skip
        shutil.copytree(static, folder / "built" / "static" / "pyodide", dirs_exist_ok=True)
        index = _INDEX.format(first=_FIRST)
        (folder / "built" / _BEGIN).write_text(index, encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(folder / "built", out)
    return out / _BEGIN


def copy_chapters(source: Path, folder: Path) -> None:
    """Students' copies of the notebooks, for the tab's kernel."""
    folder.mkdir(parents=True)
    for path in sorted(source.glob(_CHAPTERS)):
        book = json.loads(path.read_text(encoding="utf-8"))
        book["metadata"]["kernelspec"] = _KERNELSPEC
        text = json.dumps(book, indent=1, ensure_ascii=False)
        (folder / path.name).write_text(text + "\n", encoding="utf-8")


def _tell(path: Path, url: str, loaded: list[str]) -> None:
    """Write what the site says to JupyterLite."""
    kernel = {
        "pyodideUrl": url,
        "disablePyPIFallback": True,  # nothing comes from another host
        "loadPyodideOptions": {
            "lockFileURL": "./static/pyodide/pyodide-lock.json",
            "packages": loaded,
        },
    }
    told = {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "pushlab: the course",
            "litePluginSettings": {f"{_KERNEL}:kernel": kernel},
        },
    }
    path.write_text(json.dumps(told, indent=2), encoding="utf-8")


def _extension() -> Path:
    """JupyterLite's kernel for the browser, as it is installed."""
    _module("jupyterlite_core")
    _module("jupyter_server")
    found = Path(sys.prefix, "share", "jupyter", "labextensions", _KERNEL)
    if not found.is_dir():
        raise MissingExtra(_NEEDS.format("jupyterlite-pyodide-kernel"))
    return found


def _version() -> str:
    """The Pyodide that the kernel is made for."""
    version = _module("jupyterlite_pyodide_kernel.constants").PYODIDE_VERSION
    if not isinstance(version, str):
        raise SetupError("JupyterLite's kernel names no version of Pyodide")
    return version


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtra(_NEEDS.format(error.name)) from error


def _is_foreign(folder: Path) -> bool:
    """Whether a folder holds something, and that is no site of ours."""
    return any(folder.iterdir()) and not (folder / "jupyter-lite.json").is_file()
