"""Every architecture that is priced, by its key; see `architecture` for what one is."""

from collections.abc import Mapping

from pushlab.analysis.cost.architecture import KINDS_OF_ARCHITECTURE, PARTS, Architecture
from pushlab.analysis.cost.aws_architectures import AT_AWS
from pushlab.analysis.cost.other_architectures import ELSEWHERE
from pushlab.errors import UsageError

__all__ = [
    "ARCHITECTURES",
    "DEFAULT",
    "KINDS_OF_ARCHITECTURE",
    "PARTS",
    "Architecture",
    "find_architectures",
]

#: Every architecture, by its key.
ARCHITECTURES: Mapping[str, Architecture] = {one.key: one for one in (*AT_AWS, *ELSEWHERE)}
#: The one in which all five transports can run.
DEFAULT = ARCHITECTURES["aws-containers"]


def find_architectures(names: str | None) -> list[Architecture]:
    """Architectures by their keys or kinds with commas between, or all for ``all`` or None.

    Raises:
        UsageError: there is no such architecture.
    """
    if names is None or names.strip() == "all":
        return list(ARCHITECTURES.values())
    found: list[Architecture] = []
    for name in (part.strip() for part in names.split(",")):
        named = [one for one in ARCHITECTURES.values() if name in (one.key, one.kind)]
        if not named:
            known = ", ".join(["all", *KINDS_OF_ARCHITECTURE, *ARCHITECTURES])
            raise UsageError(f"unknown architecture {name!r} (known: {known})")
        found += named
    return list(dict.fromkeys(found))
