"""What is not done to others: no stranger's machine is loaded, and no secret is told.

A server on another machine is loaded only when the command names its host. Secrets stand in the
environment, are read where they are used, and are taken out again of whatever a server says.
"""

import json
import os
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from pushlab.child_environment import is_kept
from pushlab.contract.authority import is_loopback
from pushlab.errors import UsageError
from pushlab.systems.publishing import variables_in
from pushlab.systems.system import System

__all__ = ["check_environment", "check_may_load", "masked"]

_LEAST = 4  # letters of a secret; what is shorter stands in many a text that tells of nothing


def check_may_load(systems: Iterable[System], may_load: Sequence[str]) -> None:
    """Refuse to load a machine that is not this one, unless its host was named.

    Args:
        may_load: the hosts that ``--i-may-load`` names.

    Raises:
        UsageError: one is not; the text has what to add to the command.
    """
    named = [host.lower().strip("[]") for host in may_load]
    for system in systems:
        host = system.attached_to
        if host and not is_loopback(host) and host not in named:
            raise UsageError(
                f"{system.name} is on another machine ({host}), and measuring puts load on it; if"
                f" that is yours to do, add: --i-may-load {host}"
            )


def check_environment(systems: Iterable[System]) -> None:
    """Raises UsageError: a variable that a system's texts name is not there for its processes."""
    for system in systems:
        for key, text in system.texts():
            for name in variables_in(text):
                told = f"{system.name}: {key} names {{env.{name}}}"
                if name not in os.environ:
                    raise UsageError(f"{told}, and the environment has no variable {name}")
                if not os.environ[name].isprintable():
                    raise UsageError(f"{told}, whose value holds a line break or another control")
                if not is_kept(name):
                    raise UsageError(
                        f"{told}, and what begins with PUSHLAB_ is kept from servers and clients;"
                        " give the variable another name"
                    )


def masked(text: str, system: System) -> str:
    """`text` with ``{env.NAME}`` in place of what the environment has for it."""
    for name in {name for _, each in system.texts() for name in variables_in(each)}:
        value = os.environ.get(name, "")
        if len(value) >= _LEAST:
            for spelled in (value, json.dumps(value)[1:-1], quote(value), quote(value, safe="")):
                text = text.replace(spelled, f"{{env.{name}}}")
    return text
