"""The table of all systems (benchmarks/systems) and how it gets into its page."""

import pytest

from benchmarks.systems.table import Row, into_page, table_line
from benchmarks.systems.verified import clauses_table
from pushlab.errors import UsageError
from pushlab.lab.verify.findings import Verified, breaks, holds

VALUES = {
    "latency_s.mean": 0.0021,
    "latency_s.p50": 0.002,
    "latency_s.p95": None,
    "hits_per_delivery": 1.25,
    "cpu_s_per_delivery": 41.5e-6,
    "server_rss_bytes": None,
    "expected": 100,
    "delivered": 97,
    "lost": 3,
    "duplicated": 0,
    "reordered": 0,
}


def row(**changed: object) -> Row:
    told = {"transport": "sse", "system": "nchan", "version": "", "status": "ok", "reason": ""}
    told |= {"counted_by": "clients", "values": VALUES, "intervals": {}}
    return Row(**{**told, **changed})


def test_what_is_not_known_is_blank_and_what_went_wrong_is_told():
    cells = [cell.strip() for cell in table_line(row()).strip("|").split("|")]
    assert cells[:2] == ["sse", "nchan"]
    assert (cells[3], cells[6]) == ("", "")
    assert cells[5] == "41.5"
    assert cells[7] == "3 lost"


def test_a_figure_that_is_marked_has_an_asterisk_and_the_mark_is_named():
    marked = {"latency_s.mean": ["busy-machine: the hub waited for a core, up to 2 ms"]}
    told = table_line(row(marked=marked))
    assert "2.10 ms* |" in told
    assert told.endswith("| 3 lost; busy-machine |")


def test_an_interval_stands_beside_its_figure():
    assert "41.5 (40 to 43)" in table_line(row(intervals={"cpu_s_per_delivery": (40e-6, 43e-6)}))


def test_a_trial_that_failed_is_told_with_its_reason():
    told = table_line(row(status="failed", reason="nchan ended"))
    assert "failed: nchan ended" in told


BEGINS, ENDS = "<!-- measured: begins -->", "<!-- measured: ends -->"


def test_the_table_takes_the_place_of_the_one_before(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"a\n{BEGINS}\nold\n{ENDS}\nb\n")
    into_page("measured", "new", page)
    into_page("measured", "newer", page)
    assert page.read_text() == f"a\n{BEGINS}\n\nnewer\n\n{ENDS}\nb\n"


def test_a_page_without_a_place_for_it_is_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n")
    with pytest.raises(UsageError, match="measured: begins"):
        into_page("measured", "new", page)


def test_what_each_holds_stands_beside_the_command_that_shows_it():
    lost = breaks("5 of 5 were lost")
    seen = {
        "sse": {"order": holds("as published"), "resume": lost, "kept": lost},
        "websocket": {"order": holds("as published"), "resume": holds("all"), "kept": lost},
    }
    table = clauses_table([Verified("mine", "mine 1.0", seen)], "2026-11-30")
    assert "| `pushlab verify` | resume |" in table
    assert "| `mine --transports sse` | **no** |" in table
    assert "| `mine --transports websocket` | yes |" in table
    assert "*resume* (sse): 5 of 5 were lost" in table
    assert "mine (mine 1.0)" in table


def test_what_is_true_of_all_stands_in_a_sentence():
    seen = {"sse": {"order": holds("as published"), "kept": breaks("0 of 5")}}
    table = clauses_table([Verified("mine", "", seen)], "2026-11-30")
    held, broken = table.split("None of them holds")
    assert "*order*" in held
    assert "*kept*" in broken
