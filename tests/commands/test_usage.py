"""The old wire's polls in an access log give its interval, its users and its messages."""

import gzip

import pytest

from pushlab.commands.usage import scenario_of, usage_of
from pushlab.contract.registry import load_transport
from pushlab.errors import UsageError
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.lab.scenario.trace import parse_trace
from tests.commands.old_logs import START, Line, polls, token, write

WIRE = load_transport("channel-api-dev")
PLAIN = load_scenario("off-polling")
LINES = polls()
MESSAGES = sum(one.size == 100 for one in LINES)


def read(path):
    return usage_of(path, {}, WIRE, PLAIN)


@pytest.mark.parametrize("form", ["combined", "console", "app-engine"])
def test_each_format_tells_the_same(tmp_path, form):
    usage = read(write(tmp_path / "a.log", LINES, form))
    found = usage.log.findings
    assert found.seen == 10
    assert found.polls == sum("poll" in one.target for one in LINES)
    assert usage.interval_s == pytest.approx(0.5, rel=0.02)
    assert usage.users == pytest.approx(10, rel=0.05)
    assert found.messages.useful == MESSAGES
    assert usage.payload_bytes == pytest.approx(100)
    assert usage.rate_per_s == pytest.approx(MESSAGES / 600, rel=0.05)
    assert found.empty_bytes == (124 if form == "app-engine" else 0)


def test_a_packed_log_is_unpacked(tmp_path):
    plain = write(tmp_path / "a.log", LINES)
    packed = tmp_path / "a.log.1"  # whatever its name
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read(packed).log.findings == read(plain).log.findings


@pytest.mark.parametrize("block", [20, 10_000])
def test_lines_out_of_order_tell_the_same(tmp_path, block):
    """Workers that write by the block; and an export with the newest line first."""
    mixed = [line for i in range(0, len(LINES), block) for line in reversed(LINES[i : i + block])]
    usage = read(write(tmp_path / "a.log", mixed))
    assert usage.interval_s == pytest.approx(0.5, rel=0.05)
    assert usage.users == pytest.approx(10, rel=0.05)
    assert usage.log.findings.messages.useful == MESSAGES


def test_who_was_away_did_not_ask_slowly(tmp_path):
    later = [Line(one.at_s + 3600, one.target, one.size) for one in LINES]
    usage = read(write(tmp_path / "a.log", [*LINES, *later]))
    assert usage.interval_s == pytest.approx(0.5, rel=0.02)
    assert usage.users == pytest.approx(10 * 120 / 3660, rel=0.05)


def test_refused_polls_are_counted(tmp_path):
    refused = [Line(70, f"/_ah/channel/dev?command=poll&channel={token(1)}", 30, 401)] * 3
    assert read(write(tmp_path / "a.log", [*LINES, *refused])).log.findings.refused == 3


def test_the_scenario_has_the_busiest_clients_and_messages_of_the_log(tmp_path):
    """Ten users for a minute; and long before and behind them two, for ten."""
    few = [
        Line(one.at_s + shift_s, one.target, one.size)
        for one in polls(users=2, span_s=600)
        for shift_s in (-4000, 4000)
    ]
    lines = sorted([*few, *LINES], key=lambda one: one.at_s)
    usage = read(write(tmp_path / "a.log", lines))
    made = scenario_of(usage, PLAIN.override(duration_s=28.0))
    assert (made.clients, made.arrivals, made.per_channel) == (10, "trace", 1)
    assert 0.6 * 60 < len(parse_trace(made.trace)) < 1.4 * 60  # 10 users, 0.2 a second, 30 s


_POLL = b'"GET /_ah/channel/dev?command=poll&channel=SECRET HTTP/1.1" 200 0'
_AT = START.strftime("[%d/%b/%Y:%H:%M:%S -0800]").encode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "there is no line"),
        (b"hello\n" * 3, "none of 3 lines"),
        (_AT + b" " + _POLL + b"9" * 5000, "--users"),
        (b"- " + _POLL, "none of 1 lines"),
        (
            b"- - - " + _AT + b' "GET /_ah/channel/dev?command=poll HTTP/1.1" 200 0',
            "without the parameter",
        ),
        (b"- - - " + _AT + b" " + _POLL, "no client polls twice"),
        (b"- - - " + _AT + b" " + _POLL.replace(b"200", b"401"), "1 that match were refused"),
    ],
)
def test_a_log_that_tells_too_little_is_one_line_without_its_secrets(tmp_path, text, words):
    path = tmp_path / "bad.log"
    path.write_bytes(text)
    with pytest.raises(UsageError) as refused:
        read(path)
    told = str(refused.value)
    assert told.startswith(f"{path}: ")
    assert words in told
    assert "--users" in told
    assert "\n" not in told
    assert "SECRET" not in told
