"""Lets a hub's process find a transport class that no installed package registers.

The class is registered as every transport is, by an entry point; that is written down in a
folder that is on the child's path and goes away again.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from pushlab.contract.registry import GROUP, load_transport
from pushlab.contract.transport import Transport
from pushlab.errors import PushlabError, UsageError

__all__ = ["registered"]


@contextlib.contextmanager
def registered(kind: type[Transport]) -> Iterator[None]:
    """Processes that start in the body know `kind` by its name.

    Raises:
        UsageError: another process could not import it, since it is defined inside a function.
    """
    try:
        known = load_transport(kind.name) is kind
    except PushlabError:
        known = False
    if known:
        yield
        return
    if "<" in kind.__qualname__ or kind.__module__ == "__main__":
        raise UsageError(
            f"{kind.__qualname__} must stand at the top of a module that the hub's process can"
            " import, or be registered by an entry point"
        )
    with tempfile.TemporaryDirectory(prefix="pushlab-plugin-") as folder:
        info = Path(folder, "pushlab_plugin-0.dist-info")
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pushlab-plugin\nVersion: 0\n")
        (info / "entry_points.txt").write_text(
            f"[{GROUP}]\n{kind.name} = {kind.__module__}:{kind.__qualname__}\n"
        )
        places = os.pathsep.join([folder, *(path for path in sys.path if path)])
        with mock.patch.dict(os.environ, PYTHONPATH=places):
            yield
