"""What the dials foretell of a departure, and when what was seen agrees with it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.noticing.expected import Network, Span, expected, given_up_s
from benchmarks.noticing.report import Cell, cells_of, lines_of
from pushlab.contract.registry import profile_of
from pushlab.contract.serving import HubSettings

ROOT = Path(__file__).parents[2]
NETWORK = Network(ping_s=20, given_up_s=924.6)


def foretold(name: str, how: str, *, proxied: bool = False, **settings: float) -> Span:
    dials = HubSettings(**settings)
    profile = profile_of(name, settings=dials).retimed(interval_s=1.0)
    return expected(profile, how, proxied=proxied, settings=dials, network=NETWORK)


def span(name: str, how: str, *, proxied: bool = False, **settings: float) -> tuple[float, float]:
    found = foretold(name, how, proxied=proxied, **settings)
    return found.least_s, found.most_s


def test_tcp_gives_up_as_linux_says():
    assert given_up_s(15) == pytest.approx(924.6)  # ip-sysctl: "a value of 15 yields 924.6 seconds"
    assert given_up_s(8) == pytest.approx(102.2)  # and 8 the 100 s of RFC 1122 and a little


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_who_closes_a_connection_is_noticed_at_once_and_who_only_polls_by_its_lease(how):
    for name in ("long-polling", "sse", "websocket", "mqtt"):
        assert span(name, how, proxied=True) == (0, 0)
    told = span("short-polling", how, lease_s=10)
    assert told == ((0, 0) if how == "closed" else (9, 10.25))


def test_who_vanishes_is_noticed_by_its_transports_own_timer():
    assert span("short-polling", "cut") == (29, 30.25)
    assert span("long-polling", "cut", proxied=True) == (12, 42.25)
    assert span("sse", "cut", keep_alive_s=5) == (12, 17)
    assert span("sse", "cut", proxied=True) == pytest.approx((924.6, 939.6))
    assert span("websocket", "cut") == (12, 32)
    assert span("mqtt", "cut", proxied=True) == (20, 40)


def test_direct_it_is_never_later_than_the_hub_promises():
    for name in ("short-polling", "long-polling", "sse", "websocket", "mqtt", "channel-api-dev"):
        assert span(name, "cut")[1] <= HubSettings().vanished_s


def cell(*seen_s: float | None, limit_s: float = 60) -> Cell:
    return Cell("direct", "cut", "sse", "SSE", Span(12, 27, "why"), seen_s, limit_s)


def test_what_was_seen_agrees_or_does_not():
    assert cell(12.1, 26.9).agrees
    assert not cell(12.1, 40).agrees
    assert not cell(1.0, 20).agrees
    assert not cell(None, 20).agrees  # it should have come within the limit
    assert cell(None, 20, limit_s=15).agrees
    assert "| SSE | 12 to 27: 13 to 21 (17) |" in lines_of([cell(13.0, 21.0)])
    assert "| SSE | 12 to 27: 1 of 2 not in 60 |" in lines_of([cell(13.0, None)])


KEPT = sorted((ROOT / "benchmarks" / "results").glob("*/noticing.json"))


def test_the_page_has_the_newest_kept_result_and_that_is_as_foretold():
    cells = cells_of(KEPT[-1])
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    assert "\n".join(lines_of(cells)) in page
    assert f"results/{KEPT[-1].parent.name}/NOTICING.md" in page
    assert all(each.agrees for each in cells)


def test_the_page_foretells_what_the_dials_do():
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    for name, proxied in [
        ("short-polling", True),
        ("long-polling", False),
        ("sse", False),
        ("sse", True),
        ("websocket", False),
        ("websocket", True),
    ]:
        assert f"| {foretold(name, 'cut', proxied=proxied)} s |" in page, (name, proxied)


@pytest.mark.soak
@pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("ip", "nginx", "chromium"))),
    reason="it needs root, ip, nginx and chromium",
)
def test_closed_tabs_are_noticed_at_once(tmp_path):
    command = [sys.executable, "-m", "benchmarks.noticing", "--pages", "1", "--only", "closed"]
    told = subprocess.run(
        [*command, "--out", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "| SSE | 0." in (tmp_path / "NOTICING.md").read_text("utf-8")
