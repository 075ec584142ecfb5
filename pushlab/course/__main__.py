"""``python -m pushlab.course [FOLDER]`` opens the course in JupyterLab, at its beginning.

From a checkout it opens the notebooks in place. From an installed package it copies them first, so
that a student has copies of his own; what is there already is left as it is. Other options go to
JupyterLab, in the form ``--port=8889``.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from pushlab.child_environment import child_environment
from pushlab.errors import MissingExtra, PushlabError, SetupError, UsageError

__all__ = ["lay_out"]

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parents[1] / "notebooks"
_PACKED = _HERE / "_notebooks"  # in a wheel
_FIRST = "00_start_here.ipynb"

#: JupyterLab's settings for the course: it asks the network for nothing, no news, no updates and no
#: extensions, and asks nobody about these in a lesson.
_SETTINGS = _HERE / "jupyter"


def lay_out(folder: Path | None) -> Path:
    """The folder with the notebooks: the checkout's, or `folder` with copies.

    Raises:
        UsageError: this installation has no notebooks; or `folder` is a file.
        SetupError: the folder cannot be made, or the notebooks cannot be copied into it.
    """
    if folder is None and (_CHECKOUT / _FIRST).is_file():
        return _CHECKOUT
    source = _CHECKOUT if (_CHECKOUT / _FIRST).is_file() else _PACKED
    if not (source / _FIRST).is_file():
        raise UsageError("this installation of pushlab has no notebooks")
    folder = folder or Path("pushlab-course")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for notebook in sorted(source.glob("*.ipynb")):
            if not (folder / notebook.name).exists():
                shutil.copy(notebook, folder / notebook.name)
    except FileExistsError as error:
        raise UsageError(f"{folder}: is a file; name a folder for the notebooks") from error
    except OSError as error:
        raise SetupError(
            f"{folder}: the notebooks cannot be copied there ({error.strerror or error});"
            " name another folder"
        ) from error
    return folder


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pushlab.course")
    parser.add_argument("folder", nargs="?", type=Path, help="copy the notebooks there")
    parser.add_argument("--no-open", action="store_true", help="lay the notebooks out, that is all")
    chosen, others = parser.parse_known_args(arguments)
    try:
        folder = lay_out(chosen.folder)
        if chosen.no_open:
            print(folder)
            return 0
        if find_spec("jupyterlab") is None:
            raise MissingExtra("the course needs JupyterLab; try: pip install 'pushlab[notebooks]'")
        command = [sys.executable, "-m", "jupyterlab", _FIRST, *others]
        # As in a container, where JupyterLab would refuse; Windows knows no such user.
        if getattr(os, "geteuid", lambda: 1)() == 0:
            command.append("--allow-root")
        paths = [str(_SETTINGS), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
        environment = child_environment(JUPYTER_CONFIG_PATH=os.pathsep.join(paths))
        return subprocess.run(command, cwd=folder, env=environment, check=False).returncode
    except PushlabError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
