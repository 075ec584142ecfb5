import json

import pytest

from pushlab.contract.hits import Hit
from pushlab.systems.spec import Speech
from tests.systems.clients.foreigners import foreign, found
from tests.transports.halves import SECOND, Closed, Connected, Disconnected

INFO = b'INFO {"server_id":"N","max_payload":1048576} \r\n'
PONG = b"PONG\r\n"


def hand(speech=None):
    return foreign("nats", speech=speech)


def published(payload, subject="lab-0"):
    return f"MSG {subject} 1 {len(payload)}\r\n".encode() + payload + b"\r\n"


def read_in(reader):
    reader.dial()
    reader.feed(INFO + PONG)
    reader.half.data_to_send()
    return reader


def test_it_waits_for_info_then_subscribes_and_is_in_with_the_pong():
    reader = hand(Speech(topic="rooms/{channel}"))
    assert reader.dial() == b""
    connect, sub, ping, rest = reader.tell(INFO).split(b"\r\n")
    about = json.loads(connect.removeprefix(b"CONNECT "))
    assert (about["verbose"], about["headers"], about["name"]) == (False, False, "c-1")
    assert "user" not in about
    assert (sub, ping, rest) == (b"SUB rooms.lab-0 1", b"PING", b"")
    (event,) = reader.feed(PONG)
    assert isinstance(event, Connected)
    assert reader.half.hits == {Hit.CONNECT: 3}


def test_a_login_is_the_speechs(monkeypatch):
    monkeypatch.setenv("SECRET_OF_TESTS", "12345")
    reader = hand(Speech(user="me", password="{env.SECRET_OF_TESTS}"))
    reader.dial()
    about = json.loads(reader.tell(INFO).split(b"\r\n")[0].removeprefix(b"CONNECT "))
    assert (about["user"], about["pass"]) == ("me", "12345")


def test_every_message_comes_whatever_the_bytes_are_split_into():
    payloads = [b"a", b"MSG x 1 3\r\nabc\r\n", b"", bytes(range(256)), b"\r\n"]
    stream = INFO + b"+OK\r\n" + PONG + b"".join(map(published, payloads[:3])) + b"PING\r\n"
    stream += INFO + b"".join(map(published, payloads[3:]))
    splits = [(stream[:at], stream[at:]) for at in range(len(stream) + 1)]
    splits.append(tuple(stream[at : at + 1] for at in range(len(stream))))
    for parts in splits:
        reader = hand()
        reader.dial()
        events, sent = reader.fed(*parts)
        assert found(events) == payloads
        assert isinstance(events[0], Connected)
        assert sent.endswith(b"PING\r\nPONG\r\n")
        assert reader.half.hits == {Hit.CONNECT: 3}


def test_what_the_server_does_not_allow_is_the_end_and_other_errors_are_not():
    reader = hand()
    reader.dial()
    assert reader.feed(INFO + b"-ERR 'Authorization Violation'\r\n") == [
        Closed("Authorization Violation", 401)
    ]
    (event,) = read_in(hand()).feed(b"-ERR 'Slow Consumer'\r\n")
    assert event.reason == "the server says: Slow Consumer"


@pytest.mark.parametrize("wrong", [b"HTTP/1.1 400 Bad\r\n", b"MSG a 1 x\r\n", b"x" * 70_000])
def test_what_is_not_nats_ends_the_connection(wrong):
    (event,) = read_in(hand()).feed(wrong)
    assert isinstance(event, Disconnected)
    assert event.reason.startswith("not NATS: ")


def test_a_server_that_says_nothing_is_given_up():
    reader = hand()
    reader.dial()
    reader.wake()
    assert reader.half.events_received()[0].reason == "no answer"


def test_a_server_whose_keep_alive_is_known_is_given_up_after_a_silence():
    reader = read_in(hand(Speech(keep_alive_s=10)))
    began = reader.now
    reader.now += 8 * SECOND
    assert reader.tell(b"PING\r\n") == b"PONG\r\n"
    assert reader.wake() == b""
    assert not reader.half.events_received()
    reader.wake()
    assert reader.half.events_received()[0].reason == "the server fell silent"
    assert reader.now - began == 43 * SECOND  # 8, and three of ten and a little


def test_one_whose_keep_alive_is_not_known_is_waited_for():
    assert read_in(hand()).half.get_timer() is None
