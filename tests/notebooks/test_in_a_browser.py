"""The course in a browser: in JupyterLab, which looks nowhere; in a tab alone, with no network.

The tab's Python is Pyodide, and the site is what `make lite` builds; to build it asks npm and PyPI
once. Afterwards the browser is given no network but this machine.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.course.builds.attempts.poll_loop import ATTEMPTS, BUILDS
from tests.notebooks.outside import watched, watching
from tests.notebooks.tab import OFFLINE, Tab, served
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.web.conftest import needs_chromium
from tests.web.live_site import CHROMIUM, chromium_arguments

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
ANSWER, CHECK = "01-short-polling-build-answer", "01-short-polling-build-check"


@pytest.fixture(scope="module")
def browser():
    needs_chromium()
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        arguments = [*chromium_arguments()[1:], *OFFLINE]
        one = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield one
        one.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """What `make lite` builds, from a host of files."""
    if find_spec("jupyterlite_core") is None or find_spec("jupyterlite_pyodide_kernel") is None:
        pytest.skip("JupyterLite is not installed (make lite)")
    folder = tmp_path_factory.mktemp("site") / "lite"
    command = [sys.executable, "-m", "pushlab.course.lite", "--out", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if "could not be had" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    with served(folder) as url:
        yield url


@pytest.fixture
def context(browser):
    one = browser.new_context(viewport={"width": 1280, "height": 800})
    one.set_default_timeout(20 * PATIENCE_S * 1000)
    yield one
    one.close()


def said(cell):
    """What a cell's outputs say, in words."""
    texts = [output.get("data", {}).get("text/plain", "") for output in cell["outputs"]]
    return "\n".join("".join(text) for text in texts)


def check_ran(cells):
    for cell in cells:
        assert cell["execution_count"], f"not run: {cell['source']}"
        for output in cell["outputs"]:
            assert output["output_type"] != "error", "".join(output["traceback"])


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_runs_to_its_end_in_a_tab_and_asks_no_other_host(name, site, context):
    tab = Tab(context, site, name)
    cells = tab.run()
    check_ran(cells)
    drawn = [o for cell in cells for o in cell["outputs"] if "image/svg+xml" in o.get("data", {})]
    assert drawn, "charts are drawn in the tab"
    assert tab.foreign == []


@pytest.mark.parametrize(("wide", "app"), [(1280, "lab"), (390, "notebooks")])
def test_the_first_page_leads_to_the_course_on_a_computer_and_on_a_phone(wide, app, site, browser):
    size = {"width": wide, "height": 800}
    page = browser.new_page(viewport=size, screen=size, is_mobile=wide < 700)
    page.goto(f"{site}/course.html")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=20 * PATIENCE_S * 1000)
    assert page.url.startswith(f"{site}/{app}/index.html")
    page.close()


def test_a_poll_loop_that_is_written_by_hand_is_judged_in_a_tab(site, context):
    tab = Tab(context, site, "01_short_polling.ipynb")
    told = {}
    tries = {each.name: each.code for each in ATTEMPTS[:3]} | {"right": BUILDS[0].code}
    for name, code in tries.items():
        tab.write({ANSWER: code})
        cells = tab.run()
        check_ran(cells)
        (check,) = [cell for cell in cells if cell["id"] == CHECK]
        told[name] = said(check)
    for each in ATTEMPTS[:3]:
        assert each.says in " ".join(told[each.name].split())
    assert told["right"].startswith("Right")
    assert tab.foreign == []


@pytest.fixture
def lab(tmp_path):
    """JupyterLab on the course, as `make lab` starts it, and where its looks are noted."""
    if find_spec("jupyterlab") is None:
        pytest.skip("JupyterLab is not installed (make lab)")
    port = free_port()
    ours = {f"JUPYTER_{kind}_DIR": str(tmp_path) for kind in ("CONFIG", "RUNTIME", "DATA")}
    command = [sys.executable, "-m", "pushlab.course", str(tmp_path / "course"), "--no-browser"]
    process = subprocess.Popen(
        [*command, f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=a"],
        env={**os.environ, **ours, **watching(tmp_path), "PUSHLAB_COURSE_FAST": "1"},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 10 * PATIENCE_S
        while not _answers(f"{url}/api"):
            assert process.poll() is None, "JupyterLab ended"
            assert time.monotonic() < deadline, "JupyterLab did not start"
            time.sleep(0.1)
        yield url
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(url):
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S):
            return True
    except urllib.error.URLError:
        return False


def test_starting_the_course_asks_nothing_of_the_network(lab, context, tmp_path):
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(f"{lab}/lab/tree/00_start_here.ipynb?token=a")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    with contextlib.suppress(Exception):  # it never is for long, since JupyterLab asks by the clock
        page.wait_for_load_state("networkidle", timeout=20_000)
    page.click(".jp-Notebook .jp-CodeCell .jp-InputArea-editor >> nth=0")
    for _ in range(2):
        page.keyboard.press("Shift+Enter")
    page.wait_for_selector(".jp-OutputArea-output >> text=Ready")
    assert [url for url in asked if not url.startswith((lab, "data:", "blob:"))] == []
    assert watched(tmp_path) == set()
