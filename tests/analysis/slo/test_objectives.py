"""Objectives: what is written is what is judged, and what cannot be judged is not met."""

import contextlib
import dataclasses
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushlab.analysis import summarise
from pushlab.analysis.slo.objectives import Objective, parse_objective
from pushlab.analysis.slo.verdicts import judge
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.errors import UsageError
from pushlab.runs import Run
from tests.runs.simulated import FLOOR, Cell, simulate


@pytest.mark.parametrize(
    ("text", "cell", "figure", "operator", "limit"),
    [
        ("sse.latency_s.p99<0.05", "sse", "latency_s.p99", "<", 0.05),
        ("websocket.lost==0", "websocket", "lost", "==", 0),
        ("*.lost==0", "*", "lost", "==", 0),
        ("lost == 0", "*", "lost", "==", 0),
        ("p95<100ms", "*", "latency_s.p95", "<", 0.1),
        ("sse.p95 <= .1 s", "sse", "latency_s.p95", "<=", 0.1),
        ("sse.p99.9<1s", "sse", "latency_s.p99_9", "<", 1),
        ("p999<1s", "*", "latency_s.p99_9", "<", 1),
        (
            "short-polling 0.5 s.latency_s.mean>250ms",
            "short-polling 0.5 s",
            "latency_s.mean",
            ">",
            0.25,
        ),
        ('"a.p99<5".p50<5us', "a.p99<5", "latency_s.p50", "<", 5e-6),
        (r"'it\'s'.lost!=1", "it's", "lost", "!=", 1),
        ("sse rate=0.5.lost==0", "sse rate=0.5", "lost", "==", 0),
        ("mqtt.server_rss_bytes<64MiB", "mqtt", "server_rss_bytes", "<", 64 * 2**20),
        ("sse.bytes_per_delivery<2kB", "sse", "bytes_per_delivery", "<", 2000),
        ("sse.cpu_s_per_delivery<50us", "sse", "cpu_s_per_delivery", "<", 5e-5),
        ("sse.usd_per_month.usd<=5USD", "sse", "usd_per_month.usd", "<=", 5),
        ("short-polling*.hits.poll-empty<1e3", "short-polling*", "hits.poll-empty", "<", 1000),
        ("latency_from_send_s.p99>=1e-3", "*", "latency_from_send_s.p99", ">=", 0.001),
        ("predicted.mean_latency_s<2min", "*", "predicted.mean_latency_s", "<", 120),
        ("sse.connect_storm.duration_s<1", "sse", "connect_storm.duration_s", "<", 1),
        (
            "sse.connect_storm.bytes_per_client<1kB",
            "sse",
            "connect_storm.bytes_per_client",
            "<",
            1e3,
        ),
        ("cpu_share<50%", "*", "cpu_share", "<", 0.5),
    ],
)
def test_what_is_written_is_what_is_meant(text, cell, figure, operator, limit):
    objective = parse_objective(text)
    assert (objective.cell, objective.figure, objective.operator) == (cell, figure, operator)
    assert objective.limit == pytest.approx(limit)
    assert objective.text == text
    assert parse_objective(str(objective)) == objective


def test_a_count_of_deliveries_may_be_limited_by_a_share():
    objective = parse_objective("sse.lost < 0.5 %")
    assert (objective.of, objective.limit, objective.unit) == ("expected", 0.005, "share")
    assert parse_objective(str(objective)) == objective


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["no comparison"]),
        ("sse.lost", ["no comparison"]),
        ("sse.lost=0", ["=="]),
        ("<5", ["no figure"]),
        (".lost==0", ["no label"]),
        ("sse.latency_s.p98<1", ["latency_s.p98", "p99", "p95"]),
        ("sse.latency_s<1", ["latency_s.p50", "latency_s.mean"]),
        ("p98<1ms", ["'p98'", "p95", "p99.9"]),
        ("sse.lots==0", ["'lots'", "lost"]),
        ("sse.zebra==0", ["zebra", "latency_s.p99"]),
        ("sse.status==0", ["status"]),
        ("sse.client==1", ["'client'", "unknown figure"]),
        ("sse.predicted.formula_connect<1", ["formula_connect", "unknown figure"]),
        ("sse.connect_storm<1", ["connect_storm.duration_s", "connect_storm.clients"]),
        ("sse.hits.pol-empty==0", ["hits.poll-empty"]),
        ("sse.p99<5KiB", ["KiB", "ms"]),
        ("sse.p99<5", ["5ms", "5s"]),
        ("sse.p99<5%", ["%", "ms"]),
        ("sse.lost==0ms", ["ms", "%"]),
        ("sse.hits_per_delivery<5x", ["'x'", "plain number"]),
        ("sse.p99<fast", ["fast", "50ms"]),
        ("1ms<p99<5ms", ["1ms"]),
        ("p99<5ms<6ms", ["5ms<6ms"]),
        ("sse.p99<", ["''", "50ms"]),
        ("sse.lost<nan", ["nan"]),
        ("sse.lost<1e999", ["too large"]),
        ('"sse.lost==0', ["quote"]),
        ('"sse".losst==0', ["lost"]),
    ],
)
def test_what_is_wrong_is_told_in_one_line(text, words):
    with pytest.raises(UsageError) as refused:
        parse_objective(text)
    told = str(refused.value)
    assert "\n" not in told
    assert repr(text.strip()) in told
    for word in words:
        assert word in told


labels = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
limits = st.floats(allow_nan=False, allow_infinity=False)
operators = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


@given(labels, st.sampled_from(list(FIGURES)), operators, limits)
def test_an_objective_is_read_back(label, figure, operator, limit):
    objective = Objective(label, figure, operator, limit, quoted=True)
    assert parse_objective(str(objective)) == objective
    assert objective.asks(label)


@settings(max_examples=40)
@given(
    # One that holds a comparison is quoted.
    st.from_regex(r"[a-z](?:[a-z0-9 .-]|=(?!=)){0,15}[a-z0-9]", fullmatch=True),
    st.sampled_from(list(FIGURES)),
    operators,
    limits,
)
def test_a_bare_label_may_hold_dots_and_blanks(label, figure, operator, limit):
    if any(
        f"{label}.{figure}".endswith(f".{name}") and len(name) > len(figure) for name in FIGURES
    ):
        return
    objective = parse_objective(f"{label}.{figure} {operator} {limit!r}")
    assert (objective.cell, objective.figure, objective.limit) == (label, figure, limit)


@given(
    st.one_of(
        st.text(max_size=40),
        st.text("pls 0123456789.*\"'\\<>=!%mKiBe_-", max_size=25),
        st.builds("{}{}{}{}".format, labels, st.sampled_from([".p99", ".lost"]), operators, labels),
    )
)
def test_nothing_but_a_usage_error_comes_of_rubbish(text):
    with contextlib.suppress(UsageError):
        objective = parse_objective(text)
        assert parse_objective(str(objective)) == objective


def test_every_figure_that_can_be_named_is_a_number_in_a_real_summary(tmp_path):
    cells = summarise(Run.load(simulate(tmp_path, trials=5))).cells
    for name in FIGURES:
        for cell in cells.values():
            (verdict,) = judge(parse_objective(f"*.{name}>=-1"), {"x": cell})
            if verdict.value is None:
                assert not verdict.met
                assert verdict.why
            else:
                assert type(verdict.value) in (int, float)
                assert verdict.met


def test_units():
    def unit_of(name):
        return FIGURES[name].unit

    assert unit_of("latency_s.p99") == unit_of("server_cpu_s_per_delivery") == "s"
    assert unit_of("server_rss_bytes") == unit_of("bytes_in") == "bytes"
    assert unit_of("bytes_per_delivery") == "bytes"
    assert unit_of("usd_per_month.high") == "usd"
    assert unit_of("hits_per_delivery") == unit_of("lost") == ""


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    path = simulate(
        tmp_path_factory.mktemp("runs"),
        Cell("sse", "sse"),
        Cell("sse slow", "sse", delay_s=0.2, loss=0.01),
        Cell("mqtt", "mqtt", fail="no broker"),
        Cell("websocket", "websocket", fail_once="the hub was killed"),
        dataclasses.replace(FLOOR, loss=0.5),
        trials=5,
    )
    return summarise(Run.load(path)).cells


def verdicts(cells, text):
    return {verdict.cell: verdict for verdict in judge(parse_objective(text), cells)}


def test_a_figure_is_judged_with_its_interval_and_sample_size(cells):
    (met,) = verdicts(cells, "sse.p99<50ms").values()
    assert met.met
    assert met.value == cells["sse"]["latency_s.p99"]
    assert met.interval == cells["sse"].interval("latency_s.p99")
    assert met.samples == 2000
    (failed,) = verdicts(cells, "sse.p99<1us").values()
    assert (failed.met, failed.why) == (False, None)
    assert failed.value == met.value


def test_all_cells_are_asked_but_the_floor_only_by_name(cells):
    found = verdicts(cells, "lost==0")
    assert set(found) == {"sse", "sse slow", "mqtt", "websocket"}
    assert found["sse"].met
    assert not found["sse slow"].met
    assert set(verdicts(cells, "sse*.lost==0")) == {"sse", "sse slow"}
    assert not verdicts(cells, "null.lost==0")["null"].met


def test_a_share_is_of_what_was_owed(cells):
    slow = verdicts(cells, "sse slow.lost<5%")["sse slow"]
    assert slow.met
    assert slow.value == cells["sse slow"]["lost"] / cells["sse slow"]["expected"]
    assert not verdicts(cells, "sse slow.lost<0.1%")["sse slow"].met


@pytest.mark.parametrize("operator", ["<", ">", "!=", ">="])
def test_a_failed_trial_meets_nothing(cells, operator):
    failed = verdicts(cells, f"mqtt.lost{operator}-1")["mqtt"]
    assert (failed.met, failed.why) == (False, "5 of 5 trials failed: no broker")
    partly = verdicts(cells, f"websocket.lost{operator}-1")["websocket"]
    assert (partly.met, partly.why) == (False, "1 of 5 trials failed: the hub was killed")


def test_too_few_samples_meet_nothing_and_say_how_many_it_takes(cells):

    def with_values(**changed):
        values = {f"latency_s.{name}": value for name, value in changed.items()}
        return dataclasses.replace(cells["sse"], values={**cells["sse"].values, **values})

    few = with_values(p99=None, publishes=57)
    (verdict,) = judge(parse_objective("p99<50ms"), {"sse": few})
    assert (verdict.met, verdict.why) == (False, "no p99: 57 samples, needs 1,000")
    few = with_values(p99_9=None)
    (verdict,) = judge(parse_objective("p99.9<50ms"), {"sse": few})
    assert verdict.why == "no p99.9: 2,000 samples, needs 10,000"
    (verdict,) = judge(parse_objective("sse.broker_cpu_s<1"), {"sse": cells["sse"]})
    assert (verdict.met, verdict.why) == (False, "no broker_cpu_s: it was not measured")


def test_a_kind_of_hit_that_never_came_is_none_at_all(cells):
    assert verdicts(cells, "sse.hits.poll-empty==0")["sse"].met


def test_a_cell_that_is_not_there_is_told_with_its_neighbours(cells):
    with pytest.raises(UsageError, match=r"no cell 'ssse'; did you mean 'sse'\?.*'mqtt'"):
        verdicts(cells, "ssse.lost==0")
    with pytest.raises(UsageError, match=r"no cell 'sse.latency'; did you mean"):
        verdicts(cells, "sse.latency.p99<1s")


def test_a_run_that_was_stopped_before_the_cells_turn(tmp_path):
    path = simulate(tmp_path, Cell("sse", "sse"), Cell("mqtt", "mqtt"), interrupt_after=1)
    found = verdicts(summarise(Run.load(path)).cells, "lost==0")
    (stopped,) = [verdict for verdict in found.values() if not verdict.met]
    assert stopped.why == "the cell did not come to its turn"


@given(
    st.text(alphabet="ab*", max_size=8).filter(lambda text: "*" in text),
    st.text(alphabet="ab\n", max_size=10),
)
def test_a_star_stands_for_any_text(pattern, label):
    goal = Objective(pattern, "lost", "==", 0.0)
    parts = map(re.escape, pattern.split("*"))
    assert goal.asks(label) == bool(re.fullmatch(".*".join(parts), label, re.DOTALL))
