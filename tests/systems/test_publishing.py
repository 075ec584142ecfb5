"""A request to publish, cut where the message stands."""

import json

import pytest

from pushlab.errors import UsageError
from pushlab.systems.hub_api import HubApi
from pushlab.systems.publishing import HttpPublishing, fill


def test_the_hub_takes_the_message_as_it_is() -> None:
    before, behind = HubApi("http://127.0.0.1:1", "key").publishing.request("a/b c", 20)
    assert before.startswith(b"POST /v1/publish?channel=a%2Fb%20c HTTP/1.1\r\n")
    assert b"\r\nContent-Length: 20\r\n" in before
    assert before.endswith(b"\r\n\r\n")
    assert behind == b""


def test_a_template_wraps_the_message() -> None:
    publishing = HttpPublishing(
        url="http://127.0.0.1:1",
        path="/rooms/{channel}",
        body='{"room": "{channel}", "text": "{message}"}',
        headers={"Content-Type": "application/json"},
    )
    before, behind = publishing.request('say "hi"', 3)
    head, _, body = (before + b"abc" + behind).partition(b"\r\n\r\n")
    assert json.loads(body) == {"room": 'say "hi"', "text": "abc"}
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"POST /rooms/say%20%22hi%22 HTTP/1.1" in head


def test_secrets_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "s3cret")
    assert fill("Bearer {env.SOME_KEY} {other}") == "Bearer s3cret {other}"
    with pytest.raises(UsageError, match="environment has no variable NO_SUCH_KEY"):
        fill("{env.NO_SUCH_KEY}")
    assert "s3cret" not in repr(HttpPublishing(url="http://h:1", headers={"a": "s3cret"}))


URL = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        ('{"text": "{message}"}', {}, b"Content-Type: application/json\r\n"),
        ('["{message}"]', {"content-type": "application/ld+json"}, b"application/ld+json\r\n"),
    ],
)
def test_a_body_of_json_is_called_so_unless_the_headers_call_it_otherwise(
    body: str, headers: dict[str, str], said: bytes
) -> None:
    head, _ = HttpPublishing(url=URL, body=body, headers=headers).request("c", 4)
    assert said in head
    assert head.lower().count(b"content-type") == 1


def test_a_plain_body_is_called_nothing() -> None:
    head, _ = HttpPublishing(url=URL).request("c", 4)
    assert b"content-type" not in head.lower()
