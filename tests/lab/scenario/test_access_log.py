"""An access log of known truth gives its interval, its users and its messages, and no token."""

import gzip

import pytest

from pushlab.contract.registry import load_transport
from pushlab.errors import UsageError
from pushlab.lab.scenario.access_log import read_log
from tests.lab.scenario.logs import START, Line, polls, token, write

WIRE = load_transport("channel-api-dev")
LINES = polls()
MESSAGES = sum(one.size == 100 for one in LINES)


@pytest.mark.parametrize("form", ["combined", "console", "app-engine"])
def test_each_format_tells_the_same(tmp_path, form):
    log = read_log(write(tmp_path / "a.log", LINES, form), WIRE)
    assert log.clients == 10
    assert log.polls == sum("poll" in one.target for one in LINES)
    assert log.interval_s == pytest.approx(0.5, rel=0.02)
    assert log.users == pytest.approx(10, rel=0.05)
    assert len(log.messages) == MESSAGES
    assert log.payload_bytes == 100
    assert log.rate_per_s == pytest.approx(MESSAGES / 600, rel=0.05)
    assert log.empty_bytes == (124 if form == "app-engine" else 0)
    assert log.whole_seconds == (form != "console")


def test_a_packed_log_is_unpacked(tmp_path):
    plain = write(tmp_path / "a.log", LINES)
    packed = tmp_path / "a.log.1"  # whatever its name
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_log(packed, WIRE) == read_log(plain, WIRE)


@pytest.mark.parametrize("block", [20, 10_000])
def test_lines_out_of_order_tell_the_same(tmp_path, block):
    """Workers that write by the block; and an export with the newest line first."""
    mixed = [line for i in range(0, len(LINES), block) for line in reversed(LINES[i : i + block])]
    log = read_log(write(tmp_path / "a.log", mixed), WIRE)
    assert log.interval_s == pytest.approx(0.5, rel=0.05)
    assert log.users == pytest.approx(10, rel=0.05)
    assert len(log.messages) == MESSAGES


def test_a_console_without_sizes_knows_the_polls_and_no_message(tmp_path):
    log = read_log(write(tmp_path / "a.log", LINES, "first-console"), WIRE)
    assert (log.sized, log.messages) == (False, [])
    assert log.interval_s == pytest.approx(0.5, rel=0.02)


def test_a_log_that_begins_with_a_message_loses_none(tmp_path):
    """Until an empty answer has come, the smallest one so far may be a message."""
    first = Line(-1, f"/_ah/channel/dev?command=poll&channel={token(0)}", 100)
    log = read_log(write(tmp_path / "a.log", [first, *LINES]), WIRE)
    assert len(log.messages) == MESSAGES + 1


def test_who_was_away_did_not_ask_slowly(tmp_path):
    later = [Line(one.at_s + 3600, one.target, one.size) for one in LINES]
    log = read_log(write(tmp_path / "a.log", [*LINES, *later]), WIRE)
    assert log.interval_s == pytest.approx(0.5, rel=0.02)
    assert log.users == pytest.approx(10 * 120 / 3660, rel=0.05)


def test_refused_polls_and_a_clock_that_went_back_are_counted(tmp_path):
    refused = [Line(70, f"/_ah/channel/dev?command=poll&channel={token(1)}", 30, 401)] * 3
    log = read_log(write(tmp_path / "a.log", [*LINES, *refused, *LINES[:20]]), WIRE)
    assert (log.refused, log.backwards) == (3, 0)
    far = [Line(one.at_s + 500, one.target, one.size) for one in LINES]
    assert read_log(write(tmp_path / "b.log", [*far, *LINES]), WIRE).backwards == 1


def test_nothing_that_it_gives_has_a_token(tmp_path):
    assert "SECRET" not in repr(read_log(write(tmp_path / "a.log", LINES), WIRE))


_POLL = b'"GET /_ah/channel/dev?command=poll&channel=SECRET HTTP/1.1" 200 0'
_AT = START.strftime("[%d/%b/%Y:%H:%M:%S -0800]").encode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "is empty"),
        (b"hello\n" * 3, "none of its 3 lines is an answered poll"),
        (b"\x00\xff\n" * 3, "none of its 3 lines"),
        (b"x" * 200_000, "lines is an answered poll"),
        (_AT + b" " + _POLL + b"9" * 5000, "no client polls twice"),
        (b'x "POST /_ah/channel/connected/ HTTP/1.1" 200 0\n', "--users"),
        (b"- " + _POLL, "no time such as"),
        (b"[32/Nov/2011:12:00:00 -0800] " + _POLL, "no time such as"),
        (_AT + b' "GET /_ah/channel/dev HTTP/1.1" 200 0', "without their query"),
        (_AT + b" " + _POLL, "no client polls twice"),
        (_AT + b" " + _POLL.replace(b"200", b"401"), "none of its 1 lines is an answered poll"),
    ],
)
def test_a_log_that_tells_too_little_is_one_line_without_its_secrets(tmp_path, text, words):
    path = tmp_path / "bad.log"
    path.write_bytes(text)
    with pytest.raises(UsageError) as refused:
        read_log(path, WIRE)
    told = str(refused.value)
    assert told.startswith(f"{path}: ")
    assert words in told
    assert "\n" not in told
    assert "SECRET" not in told


def test_a_file_that_cannot_be_read_is_one_line(tmp_path):
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"x" * 1000)[:20])
    for path in (tmp_path / "none.log", tmp_path, tmp_path / "cut.gz"):
        with pytest.raises(UsageError, match="cannot be read"):
            read_log(path, WIRE)
