"""``/_ah/channel/jsapi``: the classic script that old pages load.

It is made of the module ``channel.js`` and of ``jsapi.js``, which has the original's names. Their
text stands in a function of its own, the module's exports become plain names there, and ``goog`` is
the only name that the page gets. Where the hub is, it learns from the ``<script>`` that runs it.
"""

import json
import re
from collections.abc import Mapping

__all__ = ["classic_script"]

_EXPORTED = re.compile(
    r"^export\s+(?:default\s+)?(?=(?:async\s+)?function\b|class\b|const\b|let\b|var\b)", re.M
)
_EXPORT_LIST = re.compile(r"^export\s*\{[^}]*\};?[ \t]*$", re.M)
_IMPORT_OF_MODULE = re.compile(r"^import\s*\{[^}]*\}\s*from\s*\"\./static/channel\.js\";$", re.M)
_MODULE_ONLY = re.compile(r"^(?:export|import)\b(?!\s*\().*$|\bimport\.meta\b", re.M)
_OWN_ADDRESS = "const HERE = import.meta.url;"
_PHRASES = "const PHRASES = {};"

#: The element that runs it says where that is. One that runs as a module, in a shadow tree or as a
#: loader's text has none: there it is what the page has loaded, by an element that still is there
#: or in any other way.
_SCRIPTS_ADDRESS = """const HERE = (() => {
  const { currentScript, scripts = [] } = globalThis.document ?? {};
  const elements = [currentScript, ...Array.from(scripts)];
  const sources = elements.map((one) => one?.localName === "script" && one.src);
  const loaded = performance.getEntriesByType("resource").map((one) => one.name);
  return [...sources, ...loaded.reverse()].find((one) => one && hubOf(one));
})();"""

#: What not every browser had in 2011, so that a page of then may have such a name for something of
#: its own (`var URL`, `function fetch`). The script keeps what it finds when it comes.
_NEWER = """const {
  AbortController, AbortSignal, Blob, EventSource, MessageEvent, Promise, Reflect, TextDecoder,
  TextEncoder, URL, URLSearchParams, WebSocket, atob, fetch, performance, queueMicrotask,
  reportError,
} = globalThis;
"""


def classic_script(module: str, names: str, phrases: Mapping[str, str]) -> str:
    """The classic script.

    Args:
        module: ``channel.js``, which imports nothing.
        names: ``jsapi.js``, which imports of it, and exports nothing.
        phrases: what an error's `description` says, by reason.

    Raises:
        ValueError: one of them has what only a module can have, or lacks what is written into it.
    """
    module = _written(module, _OWN_ADDRESS, _SCRIPTS_ADDRESS)
    names = _written(names, _PHRASES, f"const PHRASES = {json.dumps(dict(phrases))};")
    module = _EXPORT_LIST.sub("", _EXPORTED.sub("", module))
    text = module + _IMPORT_OF_MODULE.sub("", names)
    if (left := _MODULE_ONLY.search(text)) is not None:
        raise ValueError(f"a classic script cannot have: {left.group().strip()}")
    return f'(function () {{\n"use strict";\n{_NEWER}{text}}})();\n'


def _written(text: str, place: str, what: str) -> str:
    if text.count(place) != 1:
        raise ValueError(f"not once in the script: {place}")
    return text.replace(place, what)
