import socket

from pushlab.contract.broker_access import BrokerAccess
from pushlab.hub.reach.broker_place import broker_place


def place(kind, host):
    return broker_place(BrokerAccess(kind, host, 1883, "u", "p"))


PLACES = [("remote", "broker.example"), ("remote", "::1"), ("embedded", "0.0.0.0")]


def test_a_broker_that_all_reach_is_the_same_at_any_hub(monkeypatch):
    here = [place(*each) for each in PLACES]
    monkeypatch.setattr(socket, "gethostname", lambda: "another")
    there = [place(*each) for each in PLACES]
    assert here[0] == there[0] == "mqtt://broker.example:1883"
    assert here[1] != there[1]
    assert here[2] != there[2]
