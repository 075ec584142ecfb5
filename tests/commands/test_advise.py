"""`pushlab advise` from its arguments to its page."""

import contextlib
import io
import json

import pytest

from benchmarks.log.made import Truth, write
from pushlab.analysis.log.findings import load_findings
from pushlab.cli import main
from tests.commands.calling import run
from tests.runs.simulated import Cell, simulate

LOAD = ("--clients", "50000", "--rate-per-client", "6/min", "--payload", "300B")
ASKED = ("advise", *LOAD, "--today", "poll 5s")


@pytest.fixture(scope="module")
def told():
    """The advice on the load that is asked most, as JSON."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main((*ASKED, "--json")) == 0
    return json.loads(out.getvalue())


def test_each_sentence_carries_its_figures(told):
    sentences = [one for part in told["parts"] for one in part["sentences"]]
    assert len(sentences) > 10
    for one in [told["advice"], *sentences]:
        assert one["figures"]
        for figure in one["figures"].values():
            assert figure["text"] in one["text"]
            assert figure["low"] <= figure["high"]
            assert figure["basis"]


def test_the_page_answers_in_the_order_in_which_one_asks(told):
    keys = [part["key"] for part in told["parts"]]
    assert keys == ["answer", "saves", "needs", "turns", "polling", "rests"]


@pytest.mark.soak
def test_all_that_is_printed_is_in_the_json(capsys, told):
    status, out, err = run(capsys, *ASKED)
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == told["advice"]["text"]
    for part in told["parts"]:
        assert part["title"] in out
        for one in part["sentences"]:
            assert f"- {one['text']}" in out


@pytest.mark.soak
def test_polling_is_named_where_it_is_right(capsys):
    _, out, _ = run(capsys, "advise", *LOAD, "--today", "poll 1h, 1ms CPU per poll")
    assert "in place of polls" not in out.splitlines()[0]
    assert "Not here" not in out
    assert "- Here, wherever a message may be 3,600 s late" in out


@pytest.mark.soak
def test_a_run_of_one_transport_is_enough(capsys, tmp_path):
    folder = simulate(tmp_path, Cell("sse", "sse"))
    status, out, err = run(capsys, "advise", folder, "--clients", "1e5")
    assert (status, err) == (0, "")
    assert "100,000 clients" in out
    assert "reference calibration" in out


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """What `workload from-log` makes of a log with three messages in each useful poll."""
    folder = tmp_path_factory.mktemp("log")
    write(folder / "access.log", Truth(clients=60, span_s=90.0, messages=3), "combined")
    with contextlib.redirect_stdout(io.StringIO()):
        words = ["workload", "from-log", folder / "access.log", "--path", "/api/poll*"]
        assert main([*map(str, words), "--out", str(folder / "out")]) == 0
    return folder / "out"


@pytest.mark.soak
def test_a_log_asks_and_its_open_message_rate_is_a_range(capsys, log):
    status, out, err = run(capsys, "advise", "--log", log, "--clients", "5e4", "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert told["parts"][0]["key"] == "log"
    said, rate, *_ = told["parts"][0]["sentences"]
    found = load_findings(log)
    assert said["figures"]["wasted"]["low"] == found.in_vain
    figure = rate["figures"]["rate"]
    assert figure["low"] <= found.rate_per_s(3.0) <= figure["high"]
    saved = {one["key"]: one["saved"] for one in told["savings"][0]["changes"]}
    assert saved["requests"]["likely"] == pytest.approx(10_000, rel=0.01)


@pytest.mark.soak
def test_who_knows_the_rate_says_it(capsys, log):
    words = ("advise", "--log", log, "--rate-per-client", "7/min")
    _, out, _ = run(capsys, *words)
    assert "get 7 messages a minute" in out
    assert "A log holds polls" not in out


@pytest.mark.soak
def test_a_page_is_written_only_where_it_is_asked_for(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "advice.html"
    status, out, _ = run(capsys, *ASKED, "--out", page)
    assert (status, list(tmp_path.iterdir())) == (0, [page])
    assert out.endswith(f"\n{page}\n")


@pytest.mark.parametrize(
    ("arguments", "right"),
    [
        (("advise",), "--clients 1e6 --rate-per-client 1/min"),
        ((*ASKED, "--today", "soon"), "--today"),
        (("advise", *LOAD, "--today", "walk 5s"), "'poll 5s'"),
        ((*ASKED, "--poll-interval", "6s"), "say one of them"),
        ((*ASKED, "--architecture", "castle"), "unknown architecture 'castle'"),
        ((*ASKED, "--calibrate", "/nowhere"), "/nowhere"),
        (("advise", "/nowhere"), "/nowhere"),
        ((*ASKED, "--prices", "/nowhere"), "/nowhere"),
        (("advise", "--clients", "0", "--rate-per-client", "1/s"), "at least 1"),
        (("advise", "--clients", "9", "--rate-per-client", "0"), "nobody gets a message"),
        (("advise", "results/reference", "--payload", "3B"), "does not go with a run"),
        (("advise", "results/reference", "--calibrate", "x"), "has all that it needs"),
        (("advise", "results/reference", "--log", "x"), "has all that it needs"),
        (("advise", "--log", "/nowhere"), "/nowhere"),
    ],
)
def test_nonsense_is_refused_in_one_line(capsys, arguments, right):
    try:
        status, out, err = run(capsys, *arguments)
    except SystemExit as left:
        status, (out, err) = left.code, capsys.readouterr()
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert right in err
