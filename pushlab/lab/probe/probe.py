"""Probes a system: starts it or attaches to it, tries its transports one after the other."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence

from pushlab.errors import PushlabError
from pushlab.lab.probe.findings import Found, ProbeResult, PublishSeen
from pushlab.lab.probe.publisher import ProbePublisher
from pushlab.lab.probe.trying import ProbeSettings, TransportProbe, variables_set
from pushlab.systems.publishing import HttpPublishing, Publishing
from pushlab.systems.system import Started, System, Wanted

__all__ = ["death_of", "needy_first", "probe_system"]


async def probe_system(
    system: System,
    settings: ProbeSettings,
    *,
    tried: Callable[[Found, PublishSeen | None], None] = lambda found, published: None,
    listening: Callable[[float], None] = lambda seconds: None,
) -> ProbeResult:
    """Probe a system.

    Args:
        tried: called with each transport that was tried, before the silence, and with what is known
            of publishing.
        listening: called when the silence begins, with how long it will last.

    Raises:
        UsageError, SetupError: it does not start, or there is nothing to attach to.
    """
    key = random.getrandbits(32)
    own = settings.channel or f"pushlab-probe-{key % 1_000_000:06}"
    transports = list(system.speaks)
    # each transport has a channel of its own, so that what one left is not given to another
    channels = [own] if settings.channel else [f"{own}-{name}" for name in transports]
    channels.append(f"{own}-other")
    first, *also = needy_first(system, transports)
    wanted = Wanted(transport=first, also=also, channels=channels, stamp_key=key)
    started = await system.start(wanted)
    probes: list[TransportProbe] = []
    try:
        return await _probe(system, started, channels, settings, probes, tried, listening)
    finally:
        await asyncio.gather(*(each.leave() for each in probes), return_exceptions=True)
        await started.stop()


async def _probe(
    system: System,
    started: Started,
    channels: list[str],
    settings: ProbeSettings,
    probes: list[TransportProbe],
    tried: Callable[[Found, PublishSeen | None], None],
    listening: Callable[[float], None],
) -> ProbeResult:
    api = started.api
    key = api.stamp_key if api.stamp_key is not None else random.getrandbits(32)
    publisher = None
    if settings.publish:
        publisher = ProbePublisher(api, channels, key=key, within_s=settings.wait_s)
    gone = ""
    last = len(channels) - 1
    for place, name in enumerate(system.speaks):
        probe = TransportProbe(
            system,
            api,
            name,
            publisher=None if publisher is None or publisher.refused else publisher,
            channels=channels,
            place=min(place, last - 1),
            key=key,
            authority=started.authority,
            settings=settings,
        )
        probes.append(probe)
        gone = gone or death_of(started)
        if gone:
            probe.fail("gone", gone)
        else:
            try:
                await probe.try_it()
                probe.note_log(_last_line(started))
            except PushlabError as error:
                probe.fail("cannot", str(error))
        if probe.found.trouble == "gone":
            gone = gone or death_of(started) or probe.found.said
        tried(probe.found, _published(publisher, api.publishing))
    if not gone and any(not probe.found.trouble for probe in probes) and settings.listen_s:
        listening(settings.listen_s)
        gone = await _silence(started, settings.listen_s)
    for probe in probes:
        await probe.end_silence()
    return ProbeResult(
        system=system.name,
        url=api.url,
        version=started.version,
        published=_published(publisher, api.publishing),
        found=[probe.found for probe in probes],
        gone=gone,
    )


def _published(publisher: ProbePublisher | None, how: Publishing) -> PublishSeen | None:
    """What became of publishing: of the first message that was not taken, else of the first."""
    told = publisher and (publisher.refused or publisher.first)
    if not told:
        return None
    if isinstance(how, HttpPublishing):
        told_how = f"{how.method} {how.path}"
    else:
        told_how = f"PUBLISH to {how.topic}"
    return PublishSeen(
        how=told_how,
        status=told.status,
        after_s=(told.answered_ns - told.sent_ns) / 1e9,
        said=told.said,
        body=told.body,
        variables=_variables(how),
    )


def needy_first(system: System, names: Sequence[str]) -> list[str]:
    """These transports; first, one that needs a broker, so that this is there."""
    return sorted(names, key=lambda name: not system.transport(name, {}).profile.needs_broker)


async def _silence(started: Started, listen_s: float) -> str:
    """Let time pass; why the server has ended meanwhile, if it has."""
    deadline = time.monotonic() + listen_s
    while (left_s := deadline - time.monotonic()) > 0:
        await asyncio.sleep(min(0.2, left_s))
        if gone := death_of(started):
            return gone
    return ""


def death_of(started: Started) -> str:
    """Why a server that was started has ended; empty: it runs."""
    for child in started.children:
        if not child.running:
            words = "; ".join(line.strip() for line in child.log.splitlines()[-3:])
            told = f"the server ended (exit status {child.returncode})"
            return f"{told}: {words}" if words else told
    return ""


def _last_line(started: Started) -> str:
    """The last that a server wrote which was started."""
    lines = [line.strip() for child in started.children for line in child.log.splitlines()]
    return next((line for line in reversed(lines) if line), "")


def _variables(how: Publishing) -> Mapping[str, bool]:
    """The variables of the environment that publishing names; whether each is not empty."""
    if isinstance(how, HttpPublishing):
        return variables_set([how.path, how.body, *how.headers.values()])
    return variables_set([how.topic, how.body, how.user, how.password])
