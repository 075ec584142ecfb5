"""Where presence is posted: its URL, and what comes back."""

import traceback

import pytest

from pushlab.errors import UsageError
from pushlab.hub.presence.target import PresenceTarget, _seconds


@pytest.mark.parametrize(
    "url",
    [
        "ftp://ann:s3cret@host",
        "127.0.0.1:80",
        "http://",
        "http://host:port",
        "",
        "http://ann:s3cret@host:99999",
        "http://ann:s3cret@[::1/",
        "http://ann:s3cret@host/a b",
        "http://ann:s3cret@höst/",
        "http://host/\r\nX: y",
        "http://ann:s3cret@host/?key=1",
        "http://ann:s3cret@host/#there",
    ],
)
def test_a_url_that_is_none_is_refused_without_its_password(url):
    with pytest.raises(UsageError, match="presence URL") as caught:
        PresenceTarget(url, key="k", hub="h")
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


def test_a_retry_after_is_seconds_or_a_date_and_has_a_bound():
    assert _seconds("7") == 7.0
    assert _seconds("Fri, 01 Jan 2100 00:00:00 GMT") == 300.0
    assert _seconds("Fri, 01 Jan 1999 00:00:00 GMT") == 0.0
    assert [_seconds(odd) for odd in ("", "-1", "soon", "²", "9" * 50)] == [0, 0, 0, 0, 300.0]
