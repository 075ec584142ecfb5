"""A notebook in a browser's tab: opened, run to its end, and read, with no network beyond here."""

import contextlib
import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

__all__ = ["OFFLINE", "Tab", "served"]

#: For Chromium: names lead nowhere, and so do all addresses but this machine's.
OFFLINE = ("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",)
_PANEL = "window.jupyterapp?.shell.currentWidget"
_READY = f"{_PANEL}?.sessionContext?.kernelDisplayStatus === 'idle'"
_START_S = 300.0


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *what: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """A site of files, as any host of files has it; yields its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Tab:
    """A notebook of the course in JupyterLite.

    Attributes:
        foreign: what was asked of any other host.
    """

    def __init__(self, context: Any, site: str, name: str) -> None:
        self.foreign: list[str] = []
        context.on("request", self._note)
        self._site = site
        context.route("**/jupyter-lite.json*", _let_us_see)
        self.page = context.new_page()
        self.page.goto(f"{site}/lab/index.html?path={name}")
        self.page.wait_for_function(_READY, timeout=_START_S * 1000)

    def _note(self, request: Any) -> None:
        if not request.url.startswith((self._site, "data:", "blob:")):
            self.foreign.append(request.url)

    def write(self, cells: dict[str, str]) -> None:
        """Put a source into the cells of these ids, in place of theirs."""
        self.page.evaluate(
            f"""cells => {{
              for (const cell of {_PANEL}.content.model.cells)
                if (cells[cell.id]) cell.sharedModel.setSource(cells[cell.id]);
            }}""",
            cells,
        )

    def run(self) -> list[dict[str, Any]]:
        """Run all cells, and return them as they are then: to the end, or to the first error."""
        self.page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
        cells = self.page.evaluate(f"() => {_PANEL}.content.model.sharedModel.toJSON().cells")
        return [cell for cell in cells if cell["cell_type"] == "code"]


def _let_us_see(route: Any) -> None:
    """JupyterLite's own way to let a script on the page drive it."""
    told = route.fetch().json()
    told["jupyter-config-data"]["exposeAppInBrowser"] = True
    route.fulfill(json=told)
