"""The grammar of ``--until``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.analysis.precision.wanted import Wanted, parse_wanted
from pushlab.analysis.slo.subject import Subject
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.errors import UsageError

WITH_INTERVAL = sorted(name for name, one in FIGURES.items() if one.interval)


@pytest.mark.parametrize(
    ("text", "cell", "figure", "within", "relative", "of_ratio"),
    [
        ("p99 ±10%", "*", "latency_s.p99", 0.1, True, False),
        ("p99 +-10%", "*", "latency_s.p99", 0.1, True, False),
        ("p99+/-10 %", "*", "latency_s.p99", 0.1, True, False),
        ("  mean±2.5% ", "*", "latency_s.mean", 0.025, True, False),
        ("sse.p50 ±0.3ms", "sse", "latency_s.p50", 0.0003, False, False),
        ('"my, own ±1% cell".p95 ±5%', "my, own ±1% cell", "latency_s.p95", 0.05, True, False),
        (
            "short-polling 0.5 s.mean ±1%",
            "short-polling 0.5 s",
            "latency_s.mean",
            0.01,
            True,
            False,
        ),
        ("ratio of p50 ±10%", "*", "latency_s.p50", 0.1, True, True),
        ("ratio  of sse.cpu_s_per_delivery ±20%", "sse", "cpu_s_per_delivery", 0.2, True, True),
        ("bytes_per_delivery ±2KiB", "*", "bytes_per_delivery", 2048, False, False),
        ("hits_per_delivery ±0.05", "*", "hits_per_delivery", 0.05, False, False),
        ("latency_s.mean ±500us", "*", "latency_s.mean", 0.0005, False, False),
    ],
)
def test_a_condition_is_what_it_says(text, cell, figure, within, relative, of_ratio) -> None:
    (one,) = parse_wanted(text)
    assert (one.subject.cell, one.subject.figure) == (cell, figure)
    assert (one.within, one.relative) == (pytest.approx(within), relative)
    assert one.of_ratio == of_ratio


def test_several_stand_with_commas_between() -> None:
    found = parse_wanted('p99 ±10%, ratio of p50 ±5%,"a,b".mean ±1ms')
    assert [one.text for one in found] == ["p99 ±10%", "ratio of p50 ±5%", '"a,b".mean ±1ms']


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("p99", ["does not say how well"]),
        ("", ["does not say how well"]),
        ("p50 ±10%,", ["does not say how well"]),
        ("±10%", ["no figure"]),
        ("p99 ±", ["time such as 5s"]),
        ("p99 ±10", ["10 of what? Write 10% or 10ms"]),
        ("p99 ±10kg", ["10kg"]),
        ("p99 ±0%", ["out of range", "above 0"]),
        ("p99 ±100%", ["out of range", "below 100%"]),
        ("p99 ±-5%", ["out of range"]),
        ("p98 ±10%", ["unknown figure", "p99"]),
        ("lost ±1%", ["lost has no interval", "p50", "cpu_s_per_delivery"]),
        ("p99 ratio ±10%", ["ratio of p50 ±10%"]),
        ("ratio of p50 ±1ms", ["a share"]),
        ("p50 ±10%, p50 ±10%", ["twice"]),
        ('"sse.p50 ±1%', ["quote"]),
        ("p50 ±10%," * 100, ["500"]),
    ],
)
def test_what_is_wrong_is_told_in_one_line_with_an_example(text, words) -> None:
    with pytest.raises(UsageError) as caught:
        parse_wanted(text)
    said = str(caught.value)
    assert "\n" not in said
    for word in [*words, *(["such as p99 ±10%"] if len(text) < 500 else [])]:
        assert word in said


@given(
    st.sampled_from(WITH_INTERVAL),
    st.sampled_from(["±", " ±", " +- ", "+/-"]),
    st.integers(1, 9_999).map(lambda n: n / 100),
    st.booleans(),
    st.sampled_from(["", "sse.", "*polling*.", '"1, 2".']),
)
def test_every_figure_with_an_interval_may_be_asked_for(name, sign, share, ratio, cell) -> None:
    (one,) = parse_wanted(f"{'ratio of ' if ratio else ''}{cell}{name}{sign}{share}%")
    assert one.subject.figure == name
    assert one.within == pytest.approx(share / 100)
    assert one.of_ratio == ratio
    assert one.subject.asks("1, 2" if "," in cell else "sse") != (cell == "*polling*.")


@given(st.text(alphabet="p95.±+-/10%ms,\"' *ratioofsse", max_size=40))
def test_any_other_text_is_refused_or_read(text: str) -> None:
    said = ""
    try:
        found = parse_wanted(text)
    except UsageError as error:
        said = str(error)
    else:
        assert all(one.within > 0 for one in found)
        assert found
    assert "\n" not in said


def test_reaches_are_told_as_the_limit_is_written() -> None:
    share = Wanted(Subject("*", "latency_s.p99"), 0.1)
    assert (share.words, share.limit, share.amount(0.1834)) == ("p99", "±10 %", "±18 %")
    amount = Wanted(Subject("*", "latency_s.p50"), 0.0003, relative=False)
    assert (amount.limit, amount.amount(0.00081)) == ("±300 µs", "±810 µs")
