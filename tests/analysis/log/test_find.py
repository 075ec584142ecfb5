"""A log of known truth gives its shares, its intervals, its clients and a range that holds."""

import json
from dataclasses import replace

import pytest

from benchmarks.log.made import FORMS, START, Truth, lines, write
from pushlab.analysis.log.find import findings_of
from pushlab.analysis.log.findings import FINDINGS_FILE, load_findings
from pushlab.analysis.log.polls import Wanted
from pushlab.analysis.log.reader import read_log
from pushlab.analysis.log.words import headline, read_in_words, remarks, sentences
from pushlab.errors import UsageError

TRUTH = Truth(clients=100, span_s=120.0)


def found(path, *more, pattern="/api/poll*", **asked):
    return findings_of(read_log([path, *more], Wanted(pattern)), pattern, **asked)


def share_in_vain(truth):
    """Of this very log."""
    polls = [size for *_, size in lines(truth)]
    return polls.count(min(polls)) / len(polls)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("messages", [1, 10])
def test_every_format_tells_the_truth(tmp_path, form, messages):
    truth = replace(TRUTH, messages=messages)
    path = tmp_path / "access.log"
    count = write(path, truth, form)
    told = found(path)
    assert (told.polls, told.broken, told.seen) == (count, 0, 100)
    assert told.interval_s == pytest.approx(5.0, rel=0.01)
    assert told.clients == pytest.approx(100, rel=0.05)
    assert told.polls_per_s == pytest.approx(20, rel=0.05)
    assert told.in_vain == pytest.approx(share_in_vain(truth), rel=1e-9)
    assert told.sign.sure == "likely"
    with_heads = 350 + 2 if form in ("alb", "cloudfront") else 0
    assert told.with_heads == bool(with_heads)
    assert told.empty_bytes == pytest.approx(13 + with_heads, abs=0.5)
    assert told.useful_bytes == pytest.approx(13 + with_heads + 300 * messages, abs=1)
    low, _, high = told.rates_per_s
    rate_per_s = (1 - told.in_vain) * messages / 5.0
    assert low * 0.99 <= rate_per_s <= high * 1.01


@pytest.mark.parametrize("messages", [1, 3, 10])
@pytest.mark.parametrize("status", [200, 204, 304])
def test_the_range_holds_the_rate_and_a_known_size_finds_it(tmp_path, messages, status):
    truth = replace(TRUTH, messages=messages, empty_status=status)
    write(tmp_path / "a.log", truth)
    told = found(tmp_path / "a.log")
    assert told.in_vain == pytest.approx(share_in_vain(truth))
    assert told.sign.sure == ("likely" if status == 200 else "certain")
    rate_per_s = (1 - told.in_vain) * messages / told.interval_s
    low, _, high = told.rates_per_s
    assert low * 0.999 <= rate_per_s <= high
    near = found(tmp_path / "a.log", message_bytes=300).rates_per_s
    assert near[0] * 0.999 <= rate_per_s <= near[2]
    assert near[2] / near[0] < 1.2


def test_random_times_answer_differently_and_the_text_says_why(tmp_path):
    """The log's messages come three at a time; as many at random leave fewer polls empty."""
    truth = replace(TRUTH, messages=3, clients=200)
    write(tmp_path / "bursts.log", truth)
    bursts = found(tmp_path / "bursts.log", message_bytes=300)
    write(tmp_path / "poisson.log", replace(truth, poisson=True))
    poisson = found(tmp_path / "poisson.log", message_bytes=300)
    assert bursts.in_vain == pytest.approx(0.81, abs=0.02)
    assert poisson.in_vain == pytest.approx(0.57, abs=0.02)  # exp(-0.19 * 3)
    assert bursts.poisson_in_vain(3.0) == pytest.approx(poisson.in_vain, abs=0.03)
    of_useful = poisson.messages.likely
    assert poisson.poisson_in_vain(of_useful) == pytest.approx(poisson.in_vain, abs=0.02)
    (why,) = [line for line in sentences(bursts) if "Poisson" in line]
    assert f"{bursts.poisson_in_vain(3.0) * 100:.1f} %" in why
    assert "replays the log's own times" in why


def test_a_log_in_parts_packed_and_in_any_order_tells_the_same(tmp_path):
    path = tmp_path / "access.log"
    write(path, TRUTH)
    whole = found(path)
    text = path.read_text().splitlines(keepends=True)
    write(tmp_path / "whole.gz", TRUTH)
    assert found(tmp_path / "whole.gz") == whole
    (tmp_path / "access.log.1").write_text("".join(text[:1000]))
    path.write_text("".join(text[1000:]))
    parts = found(path, tmp_path / "access.log.1")
    assert (parts.polls, parts.in_vain, parts.interval_s) == (
        whole.polls,
        whole.in_vain,
        whole.interval_s,
    )
    assert (parts.files, parts.backwards) == (2, 0)


def test_what_is_broken_is_counted_and_told(tmp_path):
    """Lines cut in the middle, as of a log rotated under its writer; and two formats mixed."""
    write(tmp_path / "a.log", TRUTH)
    write(tmp_path / "b.log", replace(TRUTH, seed=2), "caddy")
    combined = (tmp_path / "a.log").read_text().splitlines(keepends=True)
    caddy = (tmp_path / "b.log").read_text().splitlines(keepends=True)
    mixed = [line for pair in zip(combined, caddy, strict=True) for line in pair]
    mixed[10] = mixed[10][:40] + "\n"  # before the quote, within it, and within the agent
    mixed[20] = mixed[20][:70] + "\n"
    mixed[30] = mixed[30][:-20] + "\n"
    mixed[41] = mixed[41][:100] + "\n"
    mixed[50] = "\x00\x00\xff garbage\n"
    mixed.append(mixed[0][:90])
    (tmp_path / "mixed.log").write_text("".join(mixed), encoding="latin-1")
    told = found(tmp_path / "mixed.log")
    assert told.broken == 6
    assert told.lines == len(mixed)
    assert told.polls == 2 * len(combined) - 5
    assert set(told.layouts) == {"combined", "Caddy"}
    assert any("6 lines" in line for line in remarks(told))
    assert any("several layouts" in line for line in remarks(told))


def test_a_clock_that_jumps_is_told_and_changes_little(tmp_path):
    write(tmp_path / "a.log", TRUTH)
    text = (tmp_path / "a.log").read_text().splitlines(keepends=True)
    before = found(tmp_path / "a.log")
    text[1000] = text[1000].replace(f"{START:%d/%b/%Y}", "01/Mar/2036")
    text[1500] = text[1500].replace(f"{START:%d/%b/%Y}", "01/Jan/1999")
    (tmp_path / "a.log").write_text("".join(text))
    told = found(tmp_path / "a.log")
    assert told.backwards == 2
    assert told.pauses == 2
    assert told.polls_per_s == pytest.approx(before.polls_per_s, rel=0.01)
    assert told.interval_s == pytest.approx(before.interval_s, rel=0.01)
    assert sum("before the poll above" in line for line in remarks(told)) == 1


def test_a_packed_log_that_is_cut_off_tells_what_was_read(tmp_path):
    write(tmp_path / "a.gz", TRUTH)
    whole = (tmp_path / "a.gz").read_bytes()
    (tmp_path / "a.gz").write_bytes(whole[: len(whole) // 2])
    told = found(tmp_path / "a.gz")
    assert 0 < told.polls < 2400
    (line,) = told.troubles
    assert "breaks off" in line


def test_several_behind_one_address_count_as_several(tmp_path):
    path = tmp_path / "a.log"
    write(path, TRUTH)
    text = path.read_text().replace("203.0.0.1 ", "203.0.0.0 ").replace("203.0.0.2 ", "203.0.0.0 ")
    text = text.replace("Chrome/101.0", "Chrome/100.0").replace("Chrome/102.0", "Chrome/100.0")
    path.write_text(text)
    told = found(path)
    assert told.seen == 98
    assert told.shared == 1
    assert told.clients == pytest.approx(100, rel=0.05)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no line"),
        ("\n\n", "there is no line"),
        ("hello\n" * 3, "none of 3 lines is a request in a known layout"),
        ("\x00" * 100_000, "none of 1 lines"),
        ('{"level":"info"}\n', "none of 1 lines"),
        (
            '1 - - [01/Mar/2026:12:00:00 +0000] "GET /x HTTP/1.1" 200 5\n',
            "answered poll of /api/poll*",
        ),
        (
            '1 - - [01/Mar/2026:12:00:00 +0000] "GET /api/poll HTTP/1.1" 500 5\n',
            "1 that match were",
        ),
        (
            '1 - - [01/Mar/2026:12:00:00 +0000] "GET /api/poll HTTP/1.1" 200 5\n',
            "no client polls twice",
        ),
        ('1 - - [41/Mar/2026:12:00:00 +0000] "GET /api/poll HTTP/1.1" 200 5\n', "none of 1 lines"),
    ],
)
def test_a_log_that_tells_too_little_is_one_line(tmp_path, text, words):
    (tmp_path / "a.log").write_text(text)
    with pytest.raises(UsageError) as refused:
        found(tmp_path / "a.log")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_without_sizes_the_share_is_not_known_but_the_polls_are(tmp_path):
    write(tmp_path / "a.log", TRUTH)
    text = (tmp_path / "a.log").read_text()
    (tmp_path / "a.log").write_text(
        text.replace('HTTP/1.1" 200 13', 'HTTP/1.1" 200 -').replace(
            'HTTP/1.1" 200 313', 'HTTP/1.1" 200 -'
        )
    )
    told = found(tmp_path / "a.log")
    assert (told.in_vain, told.messages, told.sign.sure) == (None, None, "unknown")
    assert "does not tell" in headline(told)
    assert told.interval_s == pytest.approx(5, rel=0.01)


def test_what_is_written_comes_back_and_has_nobody_in_it(tmp_path):
    write(tmp_path / "a.log", TRUTH)
    told = found(tmp_path / "a.log")
    (tmp_path / FINDINGS_FILE).write_text(json.dumps(told.to_json()))
    assert load_findings(tmp_path) == told
    text = (
        json.dumps(told.to_json()) + repr(told) + " ".join([read_in_words(told), *sentences(told)])
    )
    for secret in ("SECRET", "ada", "203.", "Mozilla", "token"):
        assert secret not in text
    (tmp_path / FINDINGS_FILE).write_text("{}")
    with pytest.raises(UsageError, match="is not what"):
        load_findings(tmp_path)
    with pytest.raises(UsageError, match="cannot be read"):
        load_findings(tmp_path / "nowhere")


def test_the_headline_has_every_figure(tmp_path):
    write(tmp_path / "a.log", replace(TRUTH, messages=10))
    assert headline(found(tmp_path / "a.log")).startswith("8")
    for figure in (" % of 20", "every 5.00 s", "13 B", "3,013 B", "clients"):
        assert figure in headline(found(tmp_path / "a.log"))
