"""A client's HTTP/1.1 without a socket: one core for transports, the laboratory and the hub."""

import pytest

from pushlab.wire.http1 import BadResponse, ResponseParser, request_bytes


def read(*pieces: bytes) -> ResponseParser:
    parser = ResponseParser()
    for piece in pieces:
        parser.feed(piece)
    return parser


def test_a_response_may_come_in_any_pieces():
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
    parser = read(*(whole[i : i + 1] for i in range(len(whole))))
    assert (parser.complete, parser.status, b"".join(parser.body)) == (True, 200, b"abc")
    assert parser.keeps_alive


def test_an_interim_answer_is_passed_over():
    parser = read(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
    assert (parser.complete, parser.status) == (True, 204)


def test_an_answer_that_nobody_asked_for_is_bad():
    with pytest.raises(BadResponse, match="another protocol"):
        read(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc")
    with pytest.raises(BadResponse):
        read(b"SSH-2.0-OpenSSH_9.2\r\n")


def test_a_request_says_how_long_its_body_is():
    request = request_bytes("host:80", "POST", "/x", headers={"A": "b"}, body=b"text")
    assert request == b"POST /x HTTP/1.1\r\nHost: host:80\r\nA: b\r\nContent-Length: 4\r\n\r\ntext"
    assert b"Content-Length: 0" in request_bytes("host", "POST", "/", headers={})
    assert b"Content-Length" not in request_bytes("host", "GET", "/", headers={})
