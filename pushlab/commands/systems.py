"""`pushlab systems`: the servers that can be measured, and what is there of each."""

import shutil
import sys
import textwrap

from pushlab.errors import PushlabError
from pushlab.quantities import listed
from pushlab.systems.registry import find_system, system_names

__all__ = ["systems"]


def systems() -> int:
    """Print the list; the exit status, 0."""
    names = system_names()
    width = max(map(len, names))
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    for name in names:
        try:
            system = find_system(name)
            lacking, version = system.missing(), system.version()
            speaks = listed(list(system.speaks))
        except PushlabError as error:
            lacking, version, speaks = str(error), "", ""
        print(f"{name:<{width}}  {speaks}".rstrip())
        if lacking or version:
            told = f"cannot be used: {lacking}" if lacking else version
            indent = " " * (width + 2)
            print(textwrap.fill(told, columns, initial_indent=indent, subsequent_indent=indent))
    return 0
