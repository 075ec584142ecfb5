"""Verifies a system: starts it, or attaches to it, and tries each clause over each transport."""

import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from pushlab.errors import PushlabError, UsageError
from pushlab.lab.probe.probe import death_of, needy_first
from pushlab.lab.verify.bench import Bench, Nothing, Pace
from pushlab.lab.verify.delivering import channels, deliver, fan_out, late
from pushlab.lab.verify.findings import ClauseSeen, Inapplicable, Verified
from pushlab.lab.verify.identity import presence, tokens
from pushlab.lab.verify.payloads import payloads
from pushlab.lab.verify.trouble import burst, restart, resume, slow_reader
from pushlab.systems.system import Started, System, Wanted

__all__ = ["CLAUSES", "Clause", "check_clauses", "required_of", "verify_system"]

Told = Callable[[str, str, ClauseSeen], None]
_Try = Callable[[Bench], Awaitable[ClauseSeen | Mapping[str, ClauseSeen]]]
_CHANNELS = 12  # that the clauses use for one transport


@dataclass(frozen=True, slots=True)
class Clause:
    """A promise.

    Attributes:
        promise: in words.
    """

    name: str
    promise: str


#: What is tried, in this order, and by what. What ends the server comes last.
_TRIED: Sequence[tuple[_Try, Sequence[Clause]]] = (
    (
        deliver,
        (
            Clause("delivery", "Every message comes to a reader that is there."),
            Clause("order", "Messages come in the order in which they were published."),
            Clause("once", "Each message comes once, and then nothing more."),
        ),
    ),
    (fan_out, (Clause("fan-out", "A message comes to everyone who reads its channel."),)),
    (channels, (Clause("channels", "A channel's messages come to its own readers alone."),)),
    (payloads, (Clause("payloads", "Any text arrives unchanged, from a stamp to 32,767 bytes."),)),
    (burst, (Clause("burst", "Much that is published in a row comes whole."),)),
    (late, (Clause("late", "Who comes late gets what comes; of before, a whole run or nothing."),)),
    (resume, (Clause("resume", "A reader that was cut off gets what it missed when it is back."),)),
    (slow_reader, (Clause("slow reader", "A reader that stalls hurts nobody else."),)),
    (presence, (Clause("presence", "The application can see who reads."),)),
    (tokens, (Clause("tokens", "A reader whose token is revoked is shut out."),)),
    (
        restart,
        (
            Clause("restart", "Readers come back by themselves to a server that died."),
            Clause("kept", "What was published outlives the server's process."),
        ),
    ),
)
CLAUSES: Sequence[Clause] = tuple(clause for _, clauses in _TRIED for clause in clauses)
_ALWAYS = ("delivery", "order", "fan-out")


def check_clauses(names: Sequence[str]) -> None:
    """Raises UsageError: one of these is no clause."""
    known = [clause.name for clause in CLAUSES]
    for name in names:
        if name not in known:
            raise UsageError(f"{name!r} is no clause; there are: {', '.join(known)}")


def required_of(system: System, transport: str) -> list[str]:
    """What the system declares: what anybody expects, and to resume where it tells a place."""
    spec = getattr(system, "spec", None)
    resumes = spec is None or bool(spec.speaks[transport].last_id)
    return [*_ALWAYS, *(["resume"] if resumes else [])]


async def verify_system(
    system: System,
    transports: Sequence[str],
    *,
    clauses: Sequence[str] = (),
    required: Sequence[str] | None = None,
    pace: Pace | None = None,
    options: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    tried: Told = lambda transport, clause, seen: None,
) -> Verified:
    """Try the clauses over each of these transports.

    Args:
        clauses: by name; empty: all.
        required: what must hold; None: what the system declares.
        options: of the transports, by name.
        tried: called with each transport, clause, and what became of it.

    Raises:
        UsageError, SetupError: it does not start, or there is nothing to attach to.
    """
    check_clauses([*clauses, *(required or ())])
    key = random.getrandbits(32)
    stem = f"pushlab-verify-{key % 1_000_000:06}"
    names = [f"{stem}-{number}" for number in range(_CHANNELS * len(transports))]
    first, *also = needy_first(system, transports)
    started = await system.start(Wanted(transport=first, also=also, channels=names, stamp_key=key))
    seen: dict[str, dict[str, ClauseSeen]] = {}
    try:
        for turn, transport in enumerate(transports):
            bench = Bench(
                system,
                started,
                transport,
                channels=names,
                places=range(_CHANNELS * turn, _CHANNELS * (turn + 1)),
                key=started.api.stamp_key if started.api.stamp_key is not None else key,
                pace=pace or Pace(),
                options=options.get(transport, {}),
            )
            seen[transport] = {}
            await _transport(bench, started, transport, clauses, seen[transport], tried)
        version = started.version or system.version()
    finally:
        await started.stop()
    wanted = {name: required or required_of(system, name) for name in transports}
    return Verified(
        system=system.name,
        version=version,
        seen=seen,
        required={
            name: [each for each in wants if each in seen[name]] for name, wants in wanted.items()
        },
    )


async def _transport(
    bench: Bench,
    started: Started,
    transport: str,
    clauses: Sequence[str],
    seen: dict[str, ClauseSeen],
    tried: Told,
) -> None:
    """Try what was asked for, until nothing comes or the server has ended."""
    ended = ""
    for attempt, promised in _TRIED:
        names = [clause.name for clause in promised]
        if clauses and not set(names) & set(clauses):
            continue
        began = time.monotonic()
        ended = ended or death_of(started)
        if ended:
            found: Mapping[str, ClauseSeen] = dict.fromkeys(names, ClauseSeen("not tried", ended))
        else:
            found = await _attempt(attempt, bench, names)
            first = found[names[0]]
            if "delivery" in names and first.verdict == "not tried":
                ended = first.said
                found = {**found, "delivery": replace(first, verdict="breaks")}
        took_s = time.monotonic() - began
        for name in names:
            if not clauses or name in clauses:
                seen[name] = replace(found[name], took_s=took_s)
                tried(transport, name, seen[name])


async def _attempt(attempt: _Try, bench: Bench, names: Sequence[str]) -> Mapping[str, ClauseSeen]:
    """What came of one attempt, by the clause's name."""
    try:
        found = await attempt(bench)
    except Inapplicable as error:
        return dict.fromkeys(names, ClauseSeen("does not apply", str(error)))
    except (Nothing, PushlabError) as error:
        return dict.fromkeys(names, ClauseSeen("not tried", str(error)))
    finally:
        await bench.dismiss()
    return {names[0]: found} if isinstance(found, ClauseSeen) else found
