"""What `pushlab verify` says of all systems: a row for each transport at each system."""

import asyncio
import dataclasses
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pushlab.lab.host.machine import describe_machine
from pushlab.lab.verify.findings import ClauseSeen, Verdict, Verified
from pushlab.lab.verify.verify import CLAUSES, verify_system
from pushlab.systems.registry import find_system

__all__ = ["clauses_table", "save_verified", "verify_all"]

_SIGNS: Mapping[Verdict, str] = {
    "holds": "yes",
    "breaks": "**no**",
    "does not apply": "-",
    "not tried": "?",
}

#: The option with which a server keeps what comes while a reader is away: a second row.
_LASTING = "persistent"


def verify_all(
    names: Sequence[str], transports: Sequence[str], tell: Callable[[str], None]
) -> list[Verified]:
    """Verify each system over what it speaks of these transports.

    Raises:
        UsageError, SetupError: one does not start.
    """
    found = []
    for name in names:
        system = find_system(name)
        spoken = [each for each in system.speaks if each in transports]
        if spoken:
            tell(f"verifying {name}: {', '.join(spoken)}")
            found.append(asyncio.run(verify_system(system, spoken)))
        kept = [each for each in spoken if hasattr(system.transport(each, {}).options, _LASTING)]
        if kept:
            tell(f"verifying {name}: {', '.join(kept)}, with sessions that are kept")
            again = asyncio.run(
                verify_system(system, kept, options={each: {_LASTING: True} for each in kept})
            )
            seen = {f"{each} --set {_LASTING}=true": again.seen[each] for each in kept}
            found.append(dataclasses.replace(again, seen=seen, required={}))
    return found


def clauses_table(found: Sequence[Verified], day: str) -> str:
    """All of them in Markdown, with what was seen where a clause broke.

    Clauses of which the same is true everywhere stand in a list, the others in columns.
    """
    alike: dict[Verdict, list[str]] = {"holds": [], "breaks": []}
    named, promised = [], []
    for clause in CLAUSES:
        verdicts = {seen.verdict for seen in _seen(found, clause.name)}
        told = f"*{clause.name}*: {clause.promise}"
        if len(verdicts) == 1 and verdicts <= alike.keys():
            alike[verdicts.pop()].append(told)
        elif verdicts:
            named.append(clause.name)
            promised.append(told)
    lines = [
        f"{day}. Each row is shown by the command in it; `--clauses resume` tries that one alone.",
        "",
    ]
    for verdict, words in (("holds", "All of them hold"), ("breaks", "None of them holds")):
        if alike[verdict]:
            lines += [f"{words}, as they are set up here:", ""]
            lines += [*(f"- {told}" for told in alike[verdict]), ""]
    lines += [
        "They differ in these (-: has none of it, or it does not apply; ?: could not be tried;"
        " empty: was not tried):",
        "",
    ]
    lines += [f"- {told}" for told in promised]
    lines += ["", f"| `pushlab verify` | {' | '.join(named)} |", f"|---|{'---|' * len(named)}"]
    for one in found:
        for transport, seen in one.seen.items():
            cells = [_sign(seen.get(name)) for name in named]
            lines.append(f"| `{one.system} --transports {transport}` | {' | '.join(cells)} |")
    lines += ["", "What was seen where it is no:", "", *_reasons(found, named)]
    versions = ", ".join(f"{one.system} ({one.version})" for one in found if one.version)
    return "\n".join([*lines, "", f"Versions: {versions}."])


def _seen(found: Sequence[Verified], clause: str) -> list[ClauseSeen]:
    return [seen[clause] for one in found for seen in one.seen.values() if clause in seen]


def _sign(seen: ClauseSeen | None) -> str:
    return "" if seen is None else _SIGNS[seen.verdict]


def _reasons(found: Sequence[Verified], clauses: Sequence[str]) -> list[str]:
    """A line for each system; transports of which the same was seen stand together."""
    lines = []
    for one in found:
        seen_at: dict[tuple[str, str], list[str]] = {}
        for transport, seen in one.seen.items():
            for name, what in seen.items():
                if name in clauses and what.verdict in ("breaks", "not tried"):
                    seen_at.setdefault((name, what.said), []).append(transport)
        told = [f"*{name}* ({', '.join(at)}): {said}" for (name, said), at in seen_at.items()]
        if told:
            lines.append(f"- `{one.system}`: {'; '.join(told)}")
    return lines


def save_verified(found: Sequence[Verified], folder: Path) -> None:
    """Write ``verified.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {
        "written_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "environment": describe_machine(),
        "clauses": [dataclasses.asdict(clause) for clause in CLAUSES],
        "systems": [one.to_json() for one in found],
    }
    (folder / "verified.json").write_text(json.dumps(told, indent=1) + "\n")
