import pytest

from pushlab.errors import UsageError
from pushlab.systems.clients.place import Place, fit, parser_with


@pytest.mark.parametrize(
    ("told", "text", "place"),
    [
        ("$.last", b'{"last": 17}', "17"),
        ("$.last", b'{"last": "a-17"}', "a-17"),
        ("$.items[-1].id", b'{"items": [{"id": 1}, {"id": 2}]}', "2"),
        ("$[0]", b'["x"]', "x"),
        ("$.a-b.c", b'{"a-b": {"c": 1.5}}', "1.5"),
    ],
)
def test_a_place_is_found_in_json(told, text, place):
    assert Place.of(told).in_json(text) == place


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"last": null}',
        b'{"last": true}',
        b'{"last": [1]}',
        b'{"x": 1}',
    ],
)
def test_where_there_is_none_nothing_is_found(text):
    assert Place.of("$.last").in_json(text) == ""
    assert Place.of("$.items[-1]").in_json(text) == ""


def test_a_text_may_begin_with_its_id():
    assert Place.of("id").in_text(b"id: 17:0\n\nhello") == "17:0"
    assert Place.of("id").in_text(b"hello") == ""
    assert Place.of("").in_text(b"id: 17\n") == ""


@pytest.mark.parametrize(
    "told", ["last", "$", "$last", "$.", "$.a[", "$.a[x]", "header:", "header:a b"]
)
def test_what_is_no_place_is_refused(told):
    with pytest.raises(UsageError, match="it must be such as"):
        Place.of(told)


@pytest.mark.parametrize("found", ["", "a\r\nX: y", "\x00", "x" * 1001])
def test_what_could_harm_a_request_is_no_place(found):
    assert not fit(found)


def test_a_parser_keeps_the_headers_that_it_is_told_to():
    parser = parser_with("ETag")()
    parser.feed(b'HTTP/1.1 200 OK\r\nEtag: "x"\r\nServer: y\r\nContent-Length: 0\r\n\r\n')
    assert parser.header(b"etag") == '"x"'
    assert parser.header(b"content-length") == "0"
    assert parser.header(b"server") is None
