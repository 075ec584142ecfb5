"""``/_ah/channel/jsapi``: the module `channel.js` as the classic script that old pages load.

There is one source. The module's text stands in a function of its own, its exports become plain
names there, and ``goog.appengine.Channel`` is the only name that the page gets. Its own address,
which tells where the hub is, it learns from the page.
"""

import re

__all__ = ["classic_script"]

_EXPORTED = re.compile(
    r"^export\s+(?:default\s+)?(?=(?:async\s+)?function\b|class\b|const\b|let\b|var\b)", re.M
)
_EXPORT_LIST = re.compile(r"^export\s*\{[^}]*\};?[ \t]*$", re.M)
_OWN_ADDRESS = re.compile(r"^const HERE = import\.meta\.url;$", re.M)
_MODULE_ONLY = re.compile(r"^(?:export|import)\b(?!\s*\().*$|\bimport\.meta\b", re.M)

_BEFORE = """(function (global) {
"use strict";
"""
_AFTER = """
const goog = (global.goog = global.goog || {});
goog.appengine = goog.appengine || {};
goog.appengine.Channel = Channel;
})(globalThis);
"""


def classic_script(module: str) -> str:
    """The classic script of a module that exports a class ``Channel`` and imports nothing.

    Raises:
        ValueError: it has what only a module can have.
    """
    text = _EXPORT_LIST.sub("", _EXPORTED.sub("", module))
    text = _OWN_ADDRESS.sub("const HERE = global.document?.currentScript?.src;", text)
    if (left := _MODULE_ONLY.search(text)) is not None:
        raise ValueError(f"a classic script cannot have: {left.group().strip()}")
    return _BEFORE + text + _AFTER
