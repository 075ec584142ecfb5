import pytest

from pushlab.systems.publishing import HttpPublishing

URL = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        ('{"text": "{message}"}', {}, b"Content-Type: application/json\r\n"),
        ('["{message}"]', {"content-type": "application/ld+json"}, b"application/ld+json\r\n"),
    ],
)
def test_a_body_of_json_is_called_so_unless_the_headers_call_it_otherwise(body, headers, said):
    head, _ = HttpPublishing(url=URL, body=body, headers=headers).request("c", 4)
    assert said in head
    assert head.lower().count(b"content-type") == 1


def test_a_plain_body_is_called_nothing():
    head, _ = HttpPublishing(url=URL).request("c", 4)
    assert b"content-type" not in head.lower()
