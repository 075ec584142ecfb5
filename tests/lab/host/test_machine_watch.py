"""What other programs take is seen, for real: busy loops on the core of a child that has work."""

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pushlab.lab.host import machine_watch
from pushlab.lab.host.machine_watch import (
    MachineWatch,
    busy_and_stolen_s,
    others_cpu_s,
    throttled_s,
)
from pushlab.lab.host.process_sampler import ProcessWatch, cpu_seconds, waited_ns
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts waiting")

LOOP = "while 1: pass"


@contextmanager
def children(*programs: str) -> Iterator[list[int]]:
    """Python programs on one core, the last that this process may use."""
    core = max(os.sched_getaffinity(0))
    pin = f"import os; os.sched_setaffinity(0, [{core}])\n"
    started = [subprocess.Popen([sys.executable, "-c", pin + text]) for text in programs]
    try:
        yield [one.pid for one in started]
    finally:
        for one in started:
            one.kill()
            one.wait()


def test_busy_loops_on_its_core_make_a_process_wait() -> None:
    """Three on one core: each runs for a third of the time and waits for the rest, or longer."""
    with children(LOOP, LOOP, LOOP) as (pid, *_):
        watch = ProcessWatch(pid, "hub")
        end_s = time.monotonic() + PATIENCE_S
        while (cpu_seconds(pid) or 0.0) < 0.05:  # Python is up, and so are the loops beside it
            assert time.monotonic() < end_s
            time.sleep(0.02)
        watch.sample()
        while (cpu_seconds(pid) or 0.0) < 0.2:
            assert time.monotonic() < end_s
            time.sleep(0.02)
        watch.sample()
    (first, last) = watch.samples
    ran_s, waited_s = last[3] - first[3], ((last[6] or 0) - (first[6] or 0)) / 1e9
    assert waited_s > ran_s
    assert waited_s <= (last[2] - first[2]) / 1e9


def test_a_process_that_is_gone_has_not_waited() -> None:
    with children("") as (pid,):
        pass
    assert waited_ns(pid) is None


def test_the_machine_is_watched_with_all_that_runs_on_it() -> None:
    watch = MachineWatch()
    watch.sample("measuring")
    begin_s = time.process_time()
    while time.process_time() < begin_s + 0.1:
        pass
    watch.sample("measuring")
    used_s = watch.moments[-1][1] - watch.moments[0][1]
    assert used_s > 0.05  # this process's tenth of a second, in ticks of ten milliseconds
    assert [row[0] for row in watch.samples] == ["machine", "machine"]
    assert min(busy_and_stolen_s()) >= 0
    assert throttled_s() >= 0


def test_a_quota_that_throttles_is_read_in_both_versions(tmp_path, monkeypatch) -> None:
    new, old, absent = (tmp_path / name for name in ("new", "old", "absent"))
    new.write_text("usage_usec 5\nthrottled_usec 2500000\n")
    old.write_text("nr_periods 4\nthrottled_time 1500000000\n")
    heat = tmp_path / "heat"
    heat.write_text("250\n")
    monkeypatch.setattr(machine_watch, "_counters", lambda: ([new, old, absent], [heat]))
    assert throttled_s() == pytest.approx(4.25)


def test_what_descends_from_this_process_is_no_other_program(monkeypatch) -> None:
    with children(LOOP) as (loop,):
        end_s = time.monotonic() + PATIENCE_S
        while (used_s := cpu_seconds(loop) or 0.0) < 0.5:
            assert time.monotonic() < end_s
            time.sleep(0.02)
        others_s = others_cpu_s()
        monkeypatch.setattr(os, "getpid", lambda: 1 << 30)  # from whom nothing descends
        apart_s = others_cpu_s([loop])
        all_s = others_cpu_s()
    assert others_s is not None
    assert all_s is not None
    assert all_s - others_s >= used_s + time.process_time() - 0.04  # ticks of ten milliseconds
    assert apart_s is not None
    assert all_s - apart_s >= used_s - 0.04  # a server that ran before is no other program


def test_who_has_ended_is_counted_with_its_parent(monkeypatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1 << 30)
    before_s = others_cpu_s() or 0.0
    end = "import time\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-c", end], check=True)
    assert (others_cpu_s() or 0.0) - before_s >= 0.18


def test_a_kernel_that_takes_stolen_time_out_of_clocks_says_so(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(machine_watch, "_PROC", tmp_path)
    for told, counted in (("=y", False), (" is not set", True)):
        machine_watch.stolen_is_counted.cache_clear()
        text = f"CONFIG_PARAVIRT=y\nCONFIG_PARAVIRT_TIME_ACCOUNTING{told}\n"
        (tmp_path / "config.gz").write_bytes(gzip.compress(text.encode()))
        assert machine_watch.stolen_is_counted() is counted
    machine_watch.stolen_is_counted.cache_clear()
