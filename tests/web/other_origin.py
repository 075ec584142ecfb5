"""An application's own server: pages on another origin than the hub's, and another site."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

__all__ = ["OtherOrigin"]


class OtherOrigin:
    """Serves what a test puts there.

    A page that Playwright makes up itself would do less: Chromium lets none of those speak to the
    loopback.
    """

    def __init__(self) -> None:
        self._pages: dict[str, tuple[bytes, dict[str, str]]] = {}
        pages = self._pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = pages.get(urlsplit(self.path).path)
                body, headers = found or (b"", {})
                self.send_response(200 if found else 404)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def put(self, path: str, html: str, **headers: str) -> str:
        """Serve this page there; its address."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        self._pages[path] = html.encode(), {"Content-Type": "text/html; charset=utf-8", **more}
        return self.url + path

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
