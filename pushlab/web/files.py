"""The files of the site: read from this package and nowhere else, each with its tag.

A name is a plain path of letters, digits, ``-``, ``_`` and ``.`` with an ending that is known here;
whatever else is asked for is not there.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from pushlab.contract.reasons import CHANNEL_API_PHRASES
from pushlab.web.jsapi import classic_script

__all__ = ["ASSETS", "JSAPI", "PAGES", "PRODUCTION_JSAPI", "File", "Files"]

#: Where the classic script stands: as an application named it, and as its host in production did,
#: which many a page named itself; and below what the files do.
JSAPI = "/_ah/channel/jsapi"
PRODUCTION_JSAPI = "/talkgadget/channel.js"
ASSETS = "/web/"

#: Where each page stands, the name of its file, and its title.
PAGES = {
    "/": ("lesson", "The lesson"),
    "/race": ("race", "The race"),
    "/chat": ("chat", "Chat"),
    "/tictactoe": ("tictactoe", "Tic-tac-toe"),
}

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*){0,3}")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class File:
    """A file's content.

    Attributes:
        etag: changes with the content (RFC 9110, section 8.8.3).
    """

    content_type: str
    body: bytes
    etag: str


class Files:
    """Reads the site's files; one that has not changed on the disk is read once.

    Args:
        folder: has ``static``, ``jsapi.js`` and, where the build has been made, ``vendor``.
    """

    def __init__(self, folder: Path = _HERE) -> None:
        self._static = folder / "static"
        self._names = folder / "jsapi.js"
        self._vendor = folder / "vendor"
        self._read: dict[Path, tuple[tuple[int, int], File]] = {}
        self._jsapi: tuple[str, str, File] | None = None

    def page(self, name: str) -> File | None:
        """The page of that name; None when there is none."""
        return self._file(self._static / f"{name}.html")

    def asset(self, name: str) -> File | None:
        """What stands at ``/web/<name>``; None when nothing does."""
        if not _NAME.fullmatch(name) or name.endswith(".html"):
            return None
        inner, _, rest = name.partition("/")
        return self._file(self._vendor / rest if inner == "vendor" else self._static / name)

    def jsapi(self) -> File | None:
        """The classic script, made of ``channel.js`` and ``jsapi.js``; None without them."""
        module, names = self._file(self._static / "channel.js"), self._file(self._names)
        if module is None or names is None:
            return None
        if self._jsapi is None or self._jsapi[:2] != (module.etag, names.etag):
            made = classic_script(module.body.decode(), names.body.decode(), CHANNEL_API_PHRASES)
            self._jsapi = module.etag, names.etag, _made(module.content_type, made.encode())
        return self._jsapi[2]

    def _file(self, path: Path) -> File | None:
        content_type = _TYPES.get(path.suffix)
        try:
            if content_type is None or not path.is_file():
                return None
            found = path.stat()
            stamp = found.st_mtime_ns, found.st_size
            known = self._read.get(path)
            if known is None or known[0] != stamp:
                known = self._read[path] = stamp, _made(content_type, path.read_bytes())
        except OSError:  # it goes as we look
            return None
        return known[1]


def _made(content_type: str, body: bytes) -> File:
    return File(content_type, body, f'"{hashlib.sha256(body).hexdigest()[:20]}"')
