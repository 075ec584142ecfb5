"""Published experiments as data: what was claimed, what models say, and what is measured here.

A reproduction is a TOML file with its claims and, where something is to be measured, a scenario
beside it. A claim has a figure as it was published, the same by closed form, the same from the run,
and a check that is fair to machines that are not those of the paper: exact arithmetic, a sign, an
order or a ratio. Figures that nobody verified (status MEM) are shown and never checked.
"""

from dataclasses import dataclass, field, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pushlab.documents import toml_data
from pushlab.errors import UsageError
from pushlab.runs.records import decode

__all__ = ["STATUSES", "Claim", "Reproduction", "builtin_reproductions", "load_reproduction"]

#: Read in the original; read in a source that quotes it; read off a figure; derived by arithmetic;
#: unverified.
STATUSES = ("V1", "V2", "FIG", "DER", "MEM")
_NEVER_CHECKED = "MEM"
_SUFFIX, _SCENARIO = ".toml", ".scenario.toml"
_FOLDER = files("pushlab") / "reproductions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One claim of a publication.

    Attributes:
        says: in words.
        source: where it is written, if that is not the reproduction's own.
        published: the figure; None where only words were published.
        predicted, measured: expressions; see `judge`. Empty: nothing.
        holds: the check, an expression of ``published``, ``predicted`` and ``measured``; empty: it
            is shown alone.
        check: the check and its tolerance in words.
    """

    says: str
    status: str
    source: str = ""
    unit: str = ""
    published: float | None = None
    predicted: str = ""
    measured: str = ""
    holds: str = ""
    check: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """A published experiment.

    Attributes:
        name: of its files.
        given: numbers that its expressions use by name.
        scenario: the text of its scenario; None if nothing is to be measured.
    """

    name: str
    title: str
    source: str
    about: str = ""
    claim: list[Claim] = field(default_factory=list)
    given: dict[str, float] = field(default_factory=dict)
    scenario: str | None = None


def builtin_reproductions() -> list[str]:
    """The names of the reproductions that come with pushlab."""
    names = [entry.name for entry in _FOLDER.iterdir()]
    return sorted(
        name.removesuffix(_SUFFIX)
        for name in names
        if name.endswith(_SUFFIX) and not name.endswith(_SCENARIO)
    )


def load_reproduction(name_or_path: str) -> Reproduction:
    """Read a built-in reproduction by name, or any file by its path (ending in ``.toml``).

    Raises:
        UsageError: there is none, or it is wrong; the text has the file and the claim.
    """
    folder: Traversable = _FOLDER
    name = name_or_path
    if name_or_path.endswith(_SUFFIX) or "/" in name_or_path:
        path = Path(name_or_path)
        folder, name = path.parent, path.name.removesuffix(_SUFFIX)
    elif name not in builtin_reproductions():
        known = ", ".join(builtin_reproductions())
        raise UsageError(f"unknown reproduction {name!r} (known: {known}; or give a .toml file)")
    file = f"{name}{_SUFFIX}"
    try:
        text = (folder / file).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:  # no file, no text, or no path
        raise UsageError(f"{file}: cannot be read ({error})") from error
    data = toml_data(text, file)
    beside = folder / f"{name}{_SCENARIO}"
    return _reproduction(
        data, name, file, beside.read_text(encoding="utf-8") if beside.is_file() else None
    )


def _reproduction(data: dict[str, Any], name: str, file: str, text: str | None) -> Reproduction:
    found = decode(Reproduction, {**data, "name": name, "scenario": text}, f"{file}: ")
    for number, (table, claim) in enumerate(zip(data.get("claim", ()), found.claim, strict=True)):
        where = f"{file}: claim[{number}]"
        if unknown := set(table) - set(Claim.__slots__):
            what = f"unknown key {min(unknown)!r}"
            raise UsageError(f"{where}: {what} (known: {', '.join(Claim.__slots__)})")
        if claim.status not in STATUSES:
            raise UsageError(
                f"{where}.status: {claim.status!r} is not one of {', '.join(STATUSES)}"
            )
        if claim.status == _NEVER_CHECKED and claim.holds:
            raise UsageError(f"{where}.holds: a figure of status MEM is shown, never checked")
        if bool(claim.holds) != bool(claim.check):
            raise UsageError(f"{where}: 'holds' and 'check' (its words) go together")
    if not found.claim:
        raise UsageError(f"{file}: claim: there is no [[claim]]")
    return replace(found, about=found.about.strip())
