"""`pushlab systems`: the servers that can be measured, and what is there of each."""

from pushlab.errors import PushlabError
from pushlab.quantities import listed
from pushlab.systems.registry import find_system, system_names

__all__ = ["systems"]


def systems() -> int:
    """Print the list; the exit status, 0."""
    names = system_names()
    width = max(map(len, names))
    for name in names:
        try:
            system = find_system(name)
            lacking, version = system.missing(), system.version()
            speaks = listed(list(system.speaks))
        except PushlabError as error:
            lacking, version, speaks = str(error), "", ""
        print(f"{name:<{width}}  {speaks}".rstrip())
        if lacking or version:
            print(f"{'':<{width}}  {f'cannot be used: {lacking}' if lacking else version}")
    return 0
