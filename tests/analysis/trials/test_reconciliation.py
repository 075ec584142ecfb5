"""Clients or servers that count double, nothing, or one kind as another are found out."""

import dataclasses

import numpy as np
import pytest

from pushlab.analysis.trials.reconciliation import hits_of, mismatch, unreconciled
from pushlab.runs import (
    BrokerFigures,
    PublisherFigures,
    PublishRows,
    ServerFigures,
    SwarmFigures,
    TrialRecord,
)

HITS = {
    "short-polling": {"connect": 5, "poll-empty": 90, "poll-useful": 10, "leave": 5},
    "sse": {"connect": 5, "leave": 5},
    "websocket": {"connect": 5},
    "mqtt": {"connect": 10, "ack": 100, "leave": 5},
}
TRANSPORTS = list(HITS)
SENT = 20


def trial(transport="sse", *, broker="embedded", **changes):
    """A trial whose server and clients agree."""
    told = HITS[transport]
    window = {kind: n for kind, n in told.items() if kind[:4] in ("poll", "ack")}
    made = TrialRecord(
        index=0,
        order=0,
        cell=transport,
        transport=transport,
        status="ok",
        clients=5,
        channels=1,
        per_channel=5,
        rate_per_channel=1.0,
        duration_s=10.0,
        server=ServerFigures(
            hits={**window, "publish": SENT},
            hits_all={**told, "publish": SENT + 1},
            publishes=SENT,
        ),
        swarm=SwarmFigures(hits=window, hits_all=dict(told)),
        broker=BrokerFigures(kind=broker) if transport == "mqtt" else None,
    )
    return dataclasses.replace(made, **changes)


def of_swarm(made, **changes):
    return dataclasses.replace(made, swarm=dataclasses.replace(made.swarm, **changes))


def of_server(made, **changes):
    return dataclasses.replace(made, server=dataclasses.replace(made.server, **changes))


def publishes(*, answered=SENT, sent=SENT):
    nothing = np.zeros(sent, np.int64)
    status = np.where(np.arange(sent) < answered, 202, 0).astype(np.int16)
    return PublishRows(
        channel=nothing.astype(np.int32),
        seq=nothing,
        intended_ns=nothing,
        sent_ns=nothing + 1,
        accepted_ns=nothing,
        held_ns=nothing,
        status=status,
        warmup=nothing.astype(np.bool_),
        payload_bytes=nothing.astype(np.int32),
    )


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_counts_that_agree_are_no_error(transport):
    assert mismatch(trial(transport), publishes()) is None
    assert unreconciled(trial(transport)) is None


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("side", [of_swarm, of_server])
def test_who_counts_nothing_is_found_out(transport, side):
    lies = side(trial(transport), hits={}, hits_setup={}, hits_all={})
    told = mismatch(lies, publishes())
    assert told
    assert "counted 0" in told or "sent 0" in told


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_both_sides_that_count_nothing_are_found_out(transport):
    lies = of_server(of_swarm(trial(transport), hits={}, hits_all={}), hits={}, hits_all={})
    told = mismatch(lies, publishes()) or unreconciled(lies)
    assert told
    if transport != "mqtt":
        assert "neither" in told


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("side", [of_swarm, of_server])
def test_who_counts_double_is_found_out(transport, side):
    made = trial(transport)
    double = {kind: 2 * n for kind, n in HITS[transport].items()}
    assert "connect: " in (mismatch(side(made, hits_all=double), publishes()) or "")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_one_kind_counted_as_another_is_found_out(transport):
    told = dict(HITS[transport])
    told["reconnect"] = told.pop("connect")
    found = mismatch(of_swarm(trial(transport), hits_all=told), publishes())
    assert found is not None
    assert "connect: the server counted" in found
    assert "reconnect: the server counted 0" in found


def test_a_window_that_is_not_the_servers_is_found_out():
    made = trial("short-polling")
    beside = {"poll-empty": 90 - 10, "poll-useful": 10}
    assert mismatch(of_swarm(made, hits=beside), publishes()) is None  # two for each client
    beyond = {"poll-empty": 90 - 11, "poll-useful": 10}
    assert "in the window" in (mismatch(of_swarm(made, hits=beyond), publishes()) or "")


def test_publishes_are_reconciled_but_for_those_without_an_answer():
    assert "publish: " in (mismatch(of_server(trial(), publishes=SENT - 1), publishes()) or "")
    assert "publish: " in (mismatch(of_server(trial(), publishes=SENT + 1), publishes()) or "")
    assert mismatch(of_server(trial(), publishes=SENT - 1), publishes(answered=SENT - 1)) is None


def test_what_nobody_can_check_is_said():
    friendly = of_swarm(trial(marks=["friendly-form"]), hits={}, hits_all={})
    assert mismatch(friendly, publishes()) is None
    assert "own library" in (unreconciled(friendly) or "")
    remote = trial("mqtt", broker="remote")
    uncounted = of_server(remote, hits_all={**HITS["mqtt"], "ack": 0})
    assert mismatch(uncounted, publishes()) is None
    assert "remote broker" in (unreconciled(uncounted) or "")
    assert "leave: " in (mismatch(of_swarm(uncounted, hits_all={"connect": 10}), publishes()) or "")


def test_an_older_run_is_compared_as_far_as_it_goes():
    made = of_server(of_swarm(trial("short-polling"), hits_all={}), hits_all={})
    assert mismatch(made, publishes()) is None
    assert "one per client" in (unreconciled(made) or "")


def test_a_brokers_late_counts_are_not_the_windows():
    """The hub knew of 70 acknowledgements when it was asked; 100 were sent within the window."""
    late = of_server(trial("mqtt"), hits={"ack": 70})
    assert hits_of(late).window == {"ack": 100}
    assert hits_of(late).source == "server"
    wrong = of_server(late, hits_all={**HITS["mqtt"], "ack": 97})
    assert hits_of(wrong).window == {"ack": 100}
    assert hits_of(wrong).source == "swarm"
    assert mismatch(wrong, publishes()) == "ack: the server counted 97, the clients sent 100"


def test_what_a_server_does_not_count_is_the_clients_word():
    """No error, whatever stands on the server's side; the publishes are the publisher's word."""
    foreign = of_server(
        trial("short-polling"), counted_by="clients", hits={}, hits_all={}, publishes=None
    )
    foreign = dataclasses.replace(foreign, publisher=PublisherFigures(sent=17))
    assert mismatch(foreign, publishes()) is None
    assert unreconciled(foreign) == "this server does not count: hits are what the clients sent"
    told = hits_of(foreign)
    assert told.window == {"poll-empty": 90, "poll-useful": 10}
    assert (told.publish, told.source) == (17, "swarm")


def test_hits_out_of_an_access_log_are_checked_as_a_servers_own():
    logged = of_server(trial("short-polling"), counted_by="access log")
    assert mismatch(logged, publishes()) is None
    assert hits_of(logged).source == "access log"
    assert mismatch(of_server(logged, hits_all={"connect": 1}), publishes())


def test_a_number_that_was_given_to_another_publish_is_an_error():
    told = mismatch(of_swarm(trial(), misnumbered=3), publishes())
    assert told == "3 messages came with a number that their publish was not given"
