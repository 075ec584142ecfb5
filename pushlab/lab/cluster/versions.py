"""What must be the same on every worker as here, or figures of two programs stand side by side.

All that is asked is the standard library's, so that a worker can answer whatever it has installed:
nothing of pushlab is sent to one before its pushlab is known to be this one.
"""

import hashlib
import importlib.metadata
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pushlab.errors import SetupError

__all__ = ["ALIKE", "check_versions", "source_digest"]

#: Distributions whose versions must be the same: what measures, and what crosses between hosts.
ALIKE = (
    "pushlab",
    "msgspec",
    "numpy",
    "pyarrow",
    "uvloop",
    "uvicorn",
    "httptools",
    "websockets",
    "distributed",
)


async def check_versions(client: Any, label: Callable[[str], str]) -> None:
    """Ask every worker for its versions.

    Args:
        client: of Dask's, asynchronous.
        label: what a worker is called, by its address.

    Raises:
        SetupError: one has another than is here; the text names the first, and how many more.
    """
    found = []
    told = await client.run(platform.python_version, on_error="return")
    found += _unlike("Python", platform.python_version(), told, label)
    for name in ALIKE:
        told = await client.run(importlib.metadata.version, name, on_error="return")
        found += _unlike(name, _here(name), told, label)
    if not found:
        told = await client.run(_digest, on_error="return")
        found += _unlike("the source of pushlab", source_digest(), told, label)
    if found:
        more = f" (and {len(found) - 1} more differences)" if len(found) > 1 else ""
        raise SetupError(f"the cluster's workers must have what is here: {found[0]}{more}")


def _here(name: str) -> str:
    return importlib.metadata.version(name)


def _unlike(
    name: str, here: str, told: Mapping[str, Any], label: Callable[[str], str]
) -> list[str]:
    """In words, where `name` is not as it is here."""
    found = []
    for address in sorted(told, key=label):
        there = told[address]
        if isinstance(there, importlib.metadata.PackageNotFoundError):
            found.append(f"{label(address)} has no {name}, here it is {here}")
        elif isinstance(there, BaseException):
            found.append(f"{label(address)} cannot tell of {name}: {there}")
        elif there != here:
            found.append(f"{name} is {there} on {label(address)}, and {here} here")
    return found


def source_digest() -> str:
    """Names the source of pushlab that is installed: versions of a checkout do not tell."""
    return _digest()


def _digest() -> str:
    root = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
