from pushlab.lab.probe.http_reading import exchanges, request_headers
from pushlab.lab.probe.recording import Recording

GET = b"GET /a HTTP/1.1\r\nHost: h\r\nLast-Event-ID: 7\r\n\r\n"


def recorded(*received: bytes, sent: int = 1, ended: bool = False) -> Recording:
    return Recording(
        sent=[(number, GET) for number in range(1, sent + 1)],
        received=[(10 * number, data) for number, data in enumerate(received, 1)],
        ended_ns=99 if ended else None,
    )


def test_an_answer_has_all_its_headers_and_the_moments_of_its_pieces():
    head = b"HTTP/1.1 200 OK\r\nVia: 1.1 a\r\nvia: 1.1 b\r\nContent-Length: 6\r\n\r\n"
    (found,) = exchanges(recorded(head[:30], head[30:] + b"abc", b"def"))
    assert found.status == 200
    assert found.headers["via"] == "1.1 a, 1.1 b"
    assert found.head_bytes == len(head)
    assert (found.sent_ns, found.head_ns, found.ended_ns) == (1, 20, 30)
    assert found.body == [(20, b"abc"), (30, b"def")]


def test_answers_on_one_connection_follow_each_other():
    one = b"HTTP/1.1 204 No Content\r\n\r\n"
    two = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    first, second, third = exchanges(recorded(one, two, sent=3))
    assert [first.status, second.status, third.status] == [204, 200, 0]
    assert second.content == b"ok"
    assert not third.ended_ns


def test_a_stream_has_not_ended_until_its_connection_has():
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"
    (found,) = exchanges(recorded(head, b"data: a\n\n"))
    assert not found.ended_ns
    assert found.media_type == "text/event-stream"
    (found,) = exchanges(recorded(head, b"data: a\n\n", ended=True))
    assert found.ended_ns == 99


def test_behind_an_upgrade_is_another_protocol():
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
    (found,) = exchanges(recorded(head + b"\x89\x00", b"\x81\x01a"))
    assert found.status == 101
    assert not found.unreadable
    assert found.rest == [(10, b"\x89\x00"), (20, b"\x81\x01a")]


def test_what_is_no_http_is_said_to_be_none():
    (found,) = exchanges(recorded(b"SSH-2.0-OpenSSH_9.2\r\n"))
    assert found.unreadable
    assert not found.status


def test_the_first_line_of_a_page_is_its_title():
    page = b"<!doctype html>\n<html><head><title>Not\n here</title>"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(page)
    (found,) = exchanges(recorded(head + page))
    assert found.first_line == "Not"


def test_the_headers_of_a_request_are_read():
    assert request_headers(GET)["last-event-id"] == "7"
