"""What is replayed has the rate of the log, or that of its busiest stretch."""

from dataclasses import replace

import pytest

from benchmarks.log.made import Truth, write
from pushlab.analysis.log.find import findings_of
from pushlab.analysis.log.polls import Polls, Wanted
from pushlab.analysis.log.reader import read_log
from pushlab.analysis.log.stretch import stretch_of

TRUTH = Truth(clients=300, span_s=300.0)


def read(tmp_path, truth, form="nginx-json", **asked):
    write(tmp_path / "a.log", truth, form)
    reading = read_log([tmp_path / "a.log"], Wanted("/api/poll*"))
    return reading.polls, findings_of(reading, "/api/poll*", **asked)


@pytest.mark.parametrize("form", ["combined", "nginx-json"])
def test_the_replayed_rate_is_the_log_s(tmp_path, form):
    polls, found = read(tmp_path, TRUTH, form)
    for most in (100, 500):
        stretch = stretch_of(polls, found, 60, seed=1, most=most)
        assert stretch.rate_per_s == pytest.approx(found.rate_per_s(1.0), rel=0.02)
        assert stretch.rate_per_s == pytest.approx(TRUTH.rate_per_s, rel=0.03)
        assert stretch.sampled == min(most, 300)
        assert stretch.clients == pytest.approx(300, rel=0.02)
        assert all(0 <= at_s < 60 for at_s, *_ in stretch.messages)
        assert {size for *_, size in stretch.messages} == {300}
        assert {channel for _, channel, _ in stretch.messages} <= set(range(stretch.sampled))


def test_a_known_size_gives_as_many_messages(tmp_path):
    truth = replace(TRUTH, messages=3)
    polls, found = read(tmp_path, truth, message_bytes=300)
    stretch = stretch_of(polls, found, 60, seed=1, message_bytes=300)
    assert stretch.rate_per_s == pytest.approx(truth.rate_per_s, rel=0.03)
    assert {size for *_, size in stretch.messages} == {300}


def test_the_busiest_has_its_own_clients(tmp_path):
    few = tmp_path / "few.log"
    write(few, replace(TRUTH, clients=20, span_s=600))
    write(tmp_path / "many.log", replace(TRUTH, clients=60, span_s=60, seed=2))
    text = (tmp_path / "many.log").read_text().replace("203.0.", "203.9.").replace(":12:0", ":12:5")
    few.write_text(few.read_text() + text)
    reading = read_log([few], Wanted("/api/poll*"))
    found = findings_of(reading, "/api/poll*")
    busy = stretch_of(reading.polls, found, 30, seed=1, busiest=True)
    assert busy.clients == pytest.approx(60, rel=0.1)


def test_of_too_many_clients_some_are_kept_and_all_of_these(tmp_path, monkeypatch):
    monkeypatch.setattr("pushlab.analysis.log.polls._MOST_ROWS", 5_000)
    polls, found = read(tmp_path, TRUTH)
    assert polls.sampled == 4
    assert len(polls.rows()) == pytest.approx(300 / 4 * 60, rel=0.02)
    stretch = stretch_of(polls, found, 60, seed=1)
    assert stretch.sampled == 75
    assert stretch.clients == 300
    assert stretch.rate_per_s == pytest.approx(found.rate_per_s(1.0), rel=0.03)


def test_who_asks_is_kept_as_a_hash_of_a_fresh_key(tmp_path):
    write(tmp_path / "a.log", replace(TRUTH, clients=5, span_s=20))
    first, second = (read_log([tmp_path / "a.log"], Wanted("*")).polls for _ in range(2))
    assert isinstance(first, Polls)
    assert len(first._numbers) == len(second._numbers) == 5
    assert not first._numbers.keys() & second._numbers.keys()
    assert all(isinstance(key, int) for key in first._numbers)
