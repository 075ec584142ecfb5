"""A page of HTML as a PDF to print, by the Chromium that is installed; nothing is loaded."""

import subprocess
import tempfile
from pathlib import Path

from pushlab.child_environment import child_environment
from pushlab.errors import SetupError
from pushlab.lab.browser.devtools import find_browser

__all__ = ["print_page"]

_LONGEST_S = 60
_FLAGS = (
    "--headless",
    "--no-sandbox",  # a file of our own, and as root there is no other way
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
)


def print_page(page: Path, pdf: Path) -> None:
    """Print a page as its style sheet says.

    Raises:
        BrowserUnavailable: no Chromium is installed.
        SetupError: Chromium made no PDF of it.
    """
    with tempfile.TemporaryDirectory(prefix="pushlab-paper-") as folder:
        command = [
            find_browser(),
            *_FLAGS,
            f"--user-data-dir={folder}",
            f"--print-to-pdf={pdf.resolve()}",
            page.resolve().as_uri(),
        ]
        environment = child_environment(XDG_CONFIG_HOME=folder, XDG_CACHE_HOME=folder)
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=_LONGEST_S, check=False, env=environment
            )
        except subprocess.TimeoutExpired as error:
            raise SetupError(f"{page}: Chromium took more than {_LONGEST_S} s") from error
        if done.returncode or not pdf.is_file():
            last = done.stderr.decode(errors="replace").strip().split("\n")[-1]
            raise SetupError(f"{page}: Chromium made no PDF of it ({last[:200]})")
