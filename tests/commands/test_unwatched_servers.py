"""A server at which nobody could look: figures that need it are blank with the reason, no bill."""

import json
import shutil

import pytest

from pushlab.analysis import analyse
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.runs import Run
from tests.commands.calling import run
from tests.runs.simulated import STANDARD, simulate

WHY = "its process is not known: give pid or metrics"
BLANK = f"the server's CPU and memory are not known: {WHY}"
FOREIGN = ("sse", "short-polling")


def unwatched(folder, *, cells=FOREIGN):
    """The run as if these cells had been measured at a server that nobody could look at."""
    file = folder / "run.json"
    told = json.loads(file.read_text())
    for trial in told["trials"]:
        if trial["cell"] in cells:
            trial["system"], trial["broker"] = "mine", None
            nothing = {key: {} for key in ("hits", "hits_setup", "hits_all")}
            nothing |= dict.fromkeys(("cpu_s", "rss_bytes", "open_descriptors", "publishes"))
            trial["connect"]["server_cpu_s"] = None
            trial["server"] |= {**nothing, "counted_by": "clients", "unwatched": WHY}
    file.write_text(json.dumps(told))
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("unwatched")
    made = [simulate(root / str(n), *STANDARD[:4], trials=3, seed=n) for n in (1, 2)]
    return [unwatched(folder) for folder in made]


def test_each_figure_that_needs_a_look_is_blank_and_no_other(folders):
    watched = simulate(folders[0].parent / "watched", *STANDARD[:4], trials=3, seed=1)
    there, here = (analyse(Run.load(folder)).summary for folder in (watched, folders[0]))
    for label, before in there.cells.items():
        after = here.cells[label]
        foreign = label in FOREIGN
        for name, figure in FIGURES.items():
            was, now = before[name], after[name]
            if foreign and (figure.looked or name.startswith("usd_per_month")):
                assert now is None, name
                assert after.why_blank(name) == (BLANK if figure.looked else "")
            elif name != "publish_hits":
                assert now == was, (label, name)
                assert after.why_blank(name) == ""
        assert (after.interval("cpu_s_per_delivery") is None) == foreign


@pytest.mark.parametrize(
    ("status", "words", "told"),
    [
        (0, ["show", 0], [f"blank: {WHY}", "clients yes no"]),
        (0, ["cost", 0, "--no-charts", "--clients", 5000], ["long-polling", "websocket"]),
        (3, ["diff", 0, 1, "--figure", "sse.cpu_s_per_delivery"], [f"{BLANK}: sse"]),
        (3, ["gate", 0, 1, "--worse", "20%", "--figure", "sse.server_rss_bytes"], [BLANK]),
        (3, ["check", 0, "--slo", "sse.cpu_share<50%", "--slo", "sse.hits_total<9"], [BLANK]),
        (1, ["predict", "--validate", 0], ["sse"]),
    ],
    ids=lambda given: given[0] if isinstance(given, list) and isinstance(given[0], str) else "",
)
def test_what_can_be_said_is_said(capsys, folders, status, words, told):
    """And nothing ends in an exception; a bill is of others alone."""
    found, out, err = run(capsys, *[folders[w] if w in (0, 1) else w for w in words])
    text = " ".join((out + err).split())
    assert found == status, text
    for each in told:
        assert each in text
    if words[0] == "cost":
        assert "sse " not in text
        assert "short-polling" not in text


def test_there_is_nothing_to_calibrate_with_and_why(capsys, folders, tmp_path):
    all_of_it = tmp_path / "all"
    shutil.copytree(folders[0], all_of_it)
    unwatched(all_of_it, cells=[cell.label for cell in STANDARD])
    status, _, err = run(capsys, "crossovers", "--calibrate", all_of_it)
    told = f"nobody could look at the server ({WHY}), so there is nothing to calibrate with"
    assert (status, err) == (2, f"pushlab: {all_of_it}: {told}\n")
    status, _, err = run(capsys, "cost", all_of_it)
    assert (status, err.count("\n")) == (2, 1)
    assert "none of the hub" in err
