"""Marks are relative to what a figure is used for."""

import math

import pytest

from pushlab.analysis.summary.mark import Mark
from pushlab.analysis.summary.model import CellSummary

P50, SHARE = "latency_s.p50", "cpu_share"
WAITED = Mark("busy-machine", "the hub waited for its core", {P50: 0.004})


def cell(*marks: Mark, p50: float = 0.006) -> CellSummary:
    values = {P50: p50, "server_cpu_s": 2.0, "duration_s": 10.0}
    return CellSummary(status="ok", values=values, disturbances=marks)


def test_the_same_wait_marks_a_stream_and_not_a_poller() -> None:
    (told,) = cell(WAITED).marks_on(P50)
    assert told == "busy-machine: the hub waited for its core, up to 4.00 ms"
    assert not cell(WAITED, p50=0.5).marks_on(P50)
    assert not cell(WAITED).marks_on("latency_s.p99")


def test_a_difference_is_marked_by_what_could_have_made_a_tenth_of_it() -> None:
    poller = cell(WAITED, p50=0.5)
    assert poller.marks_on(P50, effect=0.03)  # two pollers that differ little
    assert not cell(WAITED).marks_on(P50, effect=-0.494)  # a stream beside a poller


def test_marks_count_together_and_no_more_are_named_than_matter() -> None:
    small = [Mark("busy-machine", who, {P50: 0.0004}) for who in ("hub", "swarm")]
    assert not cell(small[0]).marks_on(P50)
    assert len(cell(*small).marks_on(P50)) == 1
    assert len(cell(*small, p50=0.003).marks_on(P50)) == 2


def test_the_floor_counts_from_half_a_figure_and_not_in_differences() -> None:
    floor = Mark("floor", "the harness itself takes", {P50: 0.002})
    assert not cell(floor).marks_on(P50)
    assert cell(floor, p50=0.003).marks_on(P50)
    assert not cell(floor, p50=0.003).marks_on(P50, effect=0.001)


def test_a_figure_of_two_others_has_the_marks_of_the_upper_one() -> None:
    dear = Mark("busy-machine", "cold caches", {"server_cpu_s": 1.0})
    assert cell(dear).marks_on(SHARE) == ["busy-machine: cold caches, up to 10.0 %"]
    assert not cell(dear).marks_on(SHARE, effect=2.0)


def test_what_nothing_bounds_marks_whatever_it_touches() -> None:
    full = Mark("generator-bound", "swarm at 91 % of a core", {P50: math.inf})
    told = cell(full, p50=1e6)
    assert told.marks_on(P50) == ["generator-bound: swarm at 91 % of a core"]
    again = CellSummary.from_json(told.to_json())
    assert again.disturbances == [full]
    assert again.marks_on(P50) == told.marks_on(P50)
    with pytest.raises(KeyError):
        told.marks_on("no such figure")


def test_what_is_known_to_be_in_both_cells_falls_out_of_their_difference() -> None:
    """A publisher that is 25 µs late for everybody makes no difference of 170 µs; a bound may."""
    late = [Mark("generator-bound", "sent late", {P50: s}, known=True) for s in (25e-6, 18e-6)]
    one, other = (cell(mark, p50=p50) for mark, p50 in zip(late, (7e-4, 5e-4), strict=True))
    assert one.marks_on(P50, 170e-6)
    assert not one.marks_on(P50, 170e-6, beside=other)
    assert not other.marks_on(P50, 170e-6, beside=one)
    assert one.marks_on(P50, 60e-6, beside=other)
    bounded = [Mark("busy-machine", "the hub waited", {P50: s}) for s in (25e-6, 25e-6)]
    assert cell(bounded[0]).marks_on(P50, 170e-6, beside=cell(bounded[1]))
    assert CellSummary.from_json(one.to_json()).disturbances == [late[0]]
