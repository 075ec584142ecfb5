import pytest

from pushlab.errors import UsageError
from pushlab.systems.spec import Speech
from tests.systems.clients.foreigners import foreign, spoken
from tests.transports.halves import Closed, Disconnected, response


def headers(request):
    lines = request.decode().split("\r\n\r\n")[0].split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines)


def test_headers_are_filled_and_no_token_is_sent(monkeypatch):
    monkeypatch.setenv("KEY", "s3cret")
    told = {"Authorization": "Bearer {env.KEY}", "X-Who": "{client}@{channel}"}
    for name in ("short-polling", "long-polling", "sse", "websocket"):
        request = foreign(name, speech=Speech(headers=told), **calm(name)).dial()
        assert request.startswith(b"GET /rooms/lab-0 HTTP/1.1\r\n")
        sent = headers(request)
        assert sent["Authorization"] == "Bearer s3cret", name
        assert sent["X-Who"] == "c-1@lab-0"
        assert sent["Host"].startswith("127.0.0.1")


def calm(name):
    return {"random_phase": False} if name == "short-polling" else {}


@pytest.mark.parametrize("name", ["short-polling", "long-polling", "sse", "websocket"])
@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_ends_it_with_what_was_asked_and_nothing_secret(monkeypatch, name, status):
    monkeypatch.setenv("KEY", "s3cret")
    speech = Speech(path="/rooms/{channel}/events?key={env.KEY}")
    hand = foreign(name, "/rooms/lab-0/events?key=s3cret", speech, **calm(name))
    hand.dial()
    ends = [event for event in hand.feed(response(status)) if isinstance(event, Closed)]
    asked = "GET /rooms/lab-0/events?key={env.KEY}"
    assert ends == [Closed(f"{asked} was answered {status}", status)]


@pytest.mark.parametrize("name", ["short-polling", "long-polling", "sse", "websocket"])
def test_a_server_in_trouble_is_asked_again_later(name):
    hand = foreign(name, **calm(name))
    hand.dial()
    [lost] = [e for e in hand.feed(response(503)) if isinstance(e, Disconnected)]
    assert lost.reason == "GET /lab-0 was answered 503"


@pytest.mark.parametrize("name", ["short-polling", "long-polling", "sse", "websocket"])
def test_a_redirect_is_followed_within_the_origin_and_the_place_goes_with_it(name):
    kind = "id" if name in ("sse", "websocket") else "$.last"
    speech = Speech(last_id=kind, first_id="9")
    hand = foreign(name, "/rooms/lab-0?after={last_id}&x=1", speech, **calm(name))
    assert hand.dial().startswith(b"GET /rooms/lab-0?after=9&x=1 HTTP/1.1\r\n")
    hand.feed(response(307, b"", "Location: /rooms/lab-0/?after=9&x=1"))
    assert hand.dial().startswith(b"GET /rooms/lab-0/?after=9&x=1 HTTP/1.1\r\n")
    there = "http://other.example"
    events = hand.feed(response(302, b"", f"Location: {there}/login"))
    assert Closed(f"redirected to {there}:80", 302) in events


def test_what_waits_for_a_place_is_left_out():
    speech = Speech(last_id="$.last", headers={"X-Place": "{last_id}"})
    hand = foreign("short-polling", "/r?a=1&since={last_id}&b=2", speech, random_phase=False)
    request = hand.dial()
    assert request.startswith(b"GET /r?a=1&b=2 HTTP/1.1\r\n")
    assert "X-Place" not in headers(request)
    hand.feed(response(200, b'{"last": "a b"}'))
    request = hand.wake()
    assert request.startswith(b"GET /r?a=1&since=a%20b&b=2 HTTP/1.1\r\n")
    assert headers(request)["X-Place"] == "a b"


def test_a_place_that_the_wire_cannot_tell_is_refused():
    with pytest.raises(
        UsageError, match="sse: last_id is 'validators'; on this wire it may be: id"
    ):
        spoken("sse", Speech(last_id="validators"))
    with pytest.raises(UsageError, match="short-polling: last_id is 'nonsense'"):
        spoken("short-polling", Speech(last_id="nonsense"))
