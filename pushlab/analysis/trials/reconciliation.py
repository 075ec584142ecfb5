"""Whether the server counted what the clients sent, kind by kind, and whose count the hits are.

Two counts are compared over the whole trial, after the last client has left: they must agree to the
last request. A side that counted nothing does not agree; a kind in the place of another does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pushlab.runs import PublishRows, TrialRecord

__all__ = ["PUBLISH_KINDS", "Hits", "hits_of", "mismatch", "unreconciled"]

#: Requests of the publisher: the same for every transport, so they are told apart.
PUBLISH_KINDS = frozenset({"publish"})

_FRIENDLY = "friendly-form"
_NOTHING = "neither the server nor the clients counted a request"
_CLIENTS_ALONE = "this server does not count: hits are what the clients sent"


@dataclass(frozen=True, slots=True)
class Hits:
    """The subscribers' requests by kind.

    Attributes:
        window, setup: within the measured window, and before it.
        publish: the publisher's within the window, as the server counted them, or as it sent them
            where that counts none.
        source: who counted: ``server``, its ``access log``, or ``swarm``.
    """

    window: Mapping[str, int]
    setup: Mapping[str, int]
    publish: int
    source: str


def hits_of(trial: TrialRecord) -> Hits:
    """The hits of one trial.

    A broker tells its counts late, so that nobody can say from them which packets lie in the
    window. Where its totals agree with the clients' to the last packet, the clients' clock says it;
    where they do not, the hits are the clients' word alone.
    """
    server, swarm = trial.server, trial.swarm
    if server is not None and server.counted_by == "clients":
        publish = trial.publisher.sent if trial.publisher else 0
        window, setup = (swarm.hits, swarm.hits_setup) if swarm else ({}, {})
        return Hits(_asked(window), _asked(setup), publish, "swarm")
    publish = sum(server.hits.get(kind, 0) for kind in PUBLISH_KINDS) if server else 0
    if trial.broker is not None and swarm is not None:
        known = server is not None and not unreconciled(trial) and not _differences(trial)
        source = "server" if known else "swarm"
        return Hits(_asked(swarm.hits), _asked(swarm.hits_setup), publish, source)
    if server is None:
        return Hits({}, {}, 0, "server")
    return Hits(_asked(server.hits), _asked(server.hits_setup), publish, server.counted_by)


def mismatch(trial: TrialRecord, publishes: PublishRows) -> str | None:
    """How what server and clients say differs, in words; None if they agree.

    A server that numbers its messages is held to that too: what came with a number must carry the
    stamp of the publish that was given it.

    Of a publish that was never answered the publisher does not know whether the server counted it.
    """
    if trial.server is None or trial.swarm is None:
        return None
    counted = trial.server.publishes
    answered, sent = (publishes.status == 202).sum(), (publishes.sent_ns > 0).sum()
    differ = _differences(trial) or _apart(trial)
    if counted is not None and not answered <= counted <= sent:
        differ.append(f"publish: the server counted {counted}, the publisher sent {sent}")
    if wrong := trial.swarm.misnumbered:
        differ.append(f"{wrong} messages came with a number that their publish was not given")
    return "; ".join(differ) or None


def unreconciled(trial: TrialRecord) -> str | None:
    """What of a trial's hits nobody can check, in words; None: all of them are checked."""
    if trial.server is None or trial.swarm is None:
        return None
    if _FRIENDLY in trial.marks:
        return "the transport's own library makes the requests, and its clients do not count them"
    if trial.server.counted_by == "clients":
        return _CLIENTS_ALONE
    if trial.broker is not None and trial.broker.kind == "remote":
        return "a remote broker's acknowledgements are counted by the clients alone"
    if not trial.server.hits_all and not trial.swarm.hits_all:
        return "nothing was counted over the whole trial, so each kind may differ by one per client"
    return None


def _differences(trial: TrialRecord) -> list[str]:
    """For each kind of which server and clients have different counts, both."""
    server, swarm = trial.server, trial.swarm
    if server is None or swarm is None or _uncounted(trial):
        return []
    counted, asked, slack = _asked(server.hits_all), _asked(swarm.hits_all), 0
    if not counted and not asked:  # an older run: two moments in two processes, requests under way
        if trial.broker is not None:
            return []
        counted = _asked(_sum(server.hits, server.hits_setup))
        asked, slack = _asked(_sum(swarm.hits, swarm.hits_setup)), trial.clients
        if not counted or not asked:
            slack = 0
    if not counted and not asked:
        return [_NOTHING] if trial.clients and trial.status == "ok" else []
    if trial.broker is not None and trial.broker.kind == "remote":
        counted.pop("ack", 0), asked.pop("ack", 0)
    return [
        f"{kind}: the server counted {counted.get(kind, 0)}, the clients sent {asked.get(kind, 0)}"
        for kind in sorted(counted.keys() | asked.keys())
        if abs(counted.get(kind, 0) - asked.get(kind, 0)) > slack
    ]


def _apart(trial: TrialRecord) -> list[str]:
    """For each kind whose counts within the window differ by more than can be under way, both.

    A client has one request under way at either end; where a count was taken late, there are those
    of that time too.
    """
    server, swarm = trial.server, trial.swarm
    if server is None or swarm is None or trial.broker is not None or _uncounted(trial):
        return []
    late_s = 0.0
    if server.counted_ns and swarm.counted_ns:
        pairs = zip(server.counted_ns, swarm.counted_ns, strict=True)
        late_s = sum(abs(one - other) for one, other in pairs) / 1e9
    counted, asked = _asked(server.hits), _asked(swarm.hits)
    return [
        f"{kind}: in the window the server counted {there}, the clients sent {here}"
        for kind in sorted(counted.keys() | asked.keys())
        if abs((there := counted.get(kind, 0)) - (here := asked.get(kind, 0)))
        > 2 * trial.clients + 2 * late_s * max(there, here) / max(trial.duration_s, 1e-9)
    ]


def _uncounted(trial: TrialRecord) -> bool:
    """Whether a side has no count of its own."""
    told = trial.server.counted_by if trial.server else "clients"
    return told == "clients" or _FRIENDLY in trial.marks


def _asked(hits: Mapping[str, int]) -> dict[str, int]:
    """What is not the publisher's, and came at all."""
    return {kind: n for kind, n in hits.items() if n and kind not in PUBLISH_KINDS}


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {kind: one.get(kind, 0) + other.get(kind, 0) for kind in one.keys() | other.keys()}
