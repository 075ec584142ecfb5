"""Runs notebooks in a process in which what a browser's tab has not cannot be imported.

``python reading_child.py NOTEBOOK ...`` writes a JSON object per cell: its notebook, its id, and
what it showed, or the error.
"""

import asyncio
import contextlib
import io
import json
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

#: What only a server or the analysis of runs needs.
NOT_THERE = {
    "uvicorn",
    "uvloop",
    "httptools",
    "psutil",
    "resource",
    "numpy",
    "scipy",
    "matplotlib",
    "pyarrow",
    "msgspec",
    "termios",
}


class NotThere(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in NOT_THERE:
            raise ModuleNotFoundError(f"No module named {name!r} in a browser's tab", name=name)


class Publisher(DisplayPublisher):
    def publish(self, data, *_, **__):
        SHOWN.append(data.get("text/plain", ""))


class Hook(DisplayHook):
    def write_format_data(self, format_dict, md_dict=None):
        SHOWN.append(format_dict.get("text/plain", ""))


SHOWN: list[str] = []


async def main(paths):
    for name in [name for name in sys.modules if name.split(".")[0] in NOT_THERE]:
        del sys.modules[name]
    sys.meta_path.insert(0, NotThere())
    out = sys.stdout
    InteractiveShell.displayhook_class = Hook
    InteractiveShell.display_pub_class = Publisher
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    for path in paths:
        shell.reset(new_session=True)
        for cell in json.loads(Path(path).read_text())["cells"]:
            if cell["cell_type"] != "code":
                continue
            SHOWN.clear()
            noise = io.StringIO()
            with contextlib.redirect_stdout(noise), contextlib.redirect_stderr(noise):
                source = "".join(cell["source"])
                done = await shell.run_cell_async(
                    source, store_history=True, transformed_cell=shell.transform_cell(source)
                )
            error = done.error_before_exec or done.error_in_exec
            told = {"notebook": Path(path).stem, "cell": cell["id"], "shown": list(SHOWN)}
            told["error"] = f"{type(error).__name__}: {error}" if error else ""
            print(json.dumps(told), file=out, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
