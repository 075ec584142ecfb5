"""A checkout as it is run: the commit that the catalogue names, with the script's host put in."""

import re
import subprocess
from pathlib import Path

from conformance.model import NotRun
from conformance.old_applications.catalogue import Application

__all__ = ["check", "copy_out"]

_SCRIPT = re.compile(r"""(<script\b[^>]*\bsrc=['"])(/_ah/channel/jsapi['"])""")


def check(application: Application, checkouts: Path | None) -> Path:
    """The checkout's folder, in which that commit is checked out. Raises NotRun."""
    if checkouts is None:
        raise NotRun("it wants a checkout; name the folder of checkouts with --checkouts")
    folder = checkouts / application.name
    if not (folder / ".git").exists():
        raise NotRun(f"{application.repository} is not checked out as {folder}")
    done = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    if done.stdout.strip() != application.commit:
        raise NotRun(f"{folder} is not at {application.commit}")
    for name in application.elsewhere.values():
        if not name.startswith("javascript:") and not (checkouts / name).exists():
            raise NotRun(f"{checkouts / name} is not there")
    return folder


def copy_out(application: Application, checkout: Path, hub: str, to: Path) -> int:
    """Write the commit's files to a folder, the script's host put in; how many lines changed."""
    tree = f"{application.commit}:{application.folder}"
    archive = subprocess.run(
        ["git", "-C", str(checkout), "archive", tree], capture_output=True, check=True
    )
    to.mkdir()
    subprocess.run(["tar", "-x", "-C", str(to)], input=archive.stdout, check=True)
    changed = 0
    for name in application.pages:
        page = to / name
        text, count = _SCRIPT.subn(rf"\g<1>{hub}\g<2>", page.read_text(encoding="utf-8"))
        page.write_text(text, encoding="utf-8")
        changed += count
    return changed
