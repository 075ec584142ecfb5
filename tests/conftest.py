"""What every test shares: hypothesis without time limits and without files of its own, how many
tests run at once, and in which order."""

import contextlib
import gc
import importlib
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from pushlab.errors import BackplaneUnavailable
from pushlab.hub.backplane.redis_server import RedisServer
from tests.ports import free_port

# Each worker, and each process that a test starts, would compile all modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A hub that a test serves keeps its keys for this run alone, and not among the user's.
_STATE = tempfile.TemporaryDirectory(prefix="pushlab-state-")
os.environ["XDG_STATE_HOME"] = _STATE.name

# Under nohup, or behind a shell's "&", these are ignored, and so they would be in every child.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

settings.register_profile(
    "pushlab",
    deadline=None,  # a slow machine is not a failing test
    database=None,  # parallel workers share no files
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("pushlab")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """What is collected stays to the end, so that to look for rubbish among it is in vain.

    It took a quarter of the time of collecting, which each worker does for itself.
    """
    gc.disable()
    try:
        _import_by_turns(session.config)
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def _import_by_turns(config: pytest.Config) -> None:
    """In a fresh checkout, let each module be compiled by one worker, and not by each of them.

    To compile takes as long as to collect; all would do it in one order, at the same time. So each
    begins elsewhere, and finds compiled what another one began with.
    """
    worker = getattr(config, "workerinput", None)
    if worker is None or config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    here = Path(__file__).parent
    names = [path.relative_to(here.parent).with_suffix("") for path in here.rglob("test_*.py")]
    modules = sorted(".".join(name.parts) for name in names)
    first = len(modules) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for module in modules[first:] + modules[:first]:
        with contextlib.suppress(Exception, pytest.skip.Exception):  # collecting tells of them
            importlib.import_module(module)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core: many tests wait for a lease, a process or a clock, and need no core."""
    return 2 * (os.cpu_count() or 1)


#: Long modules whose tests share nothing: any worker may run any of them. The tests of every other
#: module (or class) run in one worker, since they share what is dear to make.
APART = (
    "tests/examples/test_examples.py",
    "tests/lab/test_far_away.py",
    "tests/lab/test_method.py",
    "tests/lab/test_runner.py",
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """``--dist loadscope``, but for the modules in `APART`."""
    if config.getoption("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            apart = nodeid.startswith(APART)
            return nodeid if apart else str(super()._split_scope(nodeid))

    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long modules come first, or one of them would run alone at the end."""
    long = {item.path for item in items if item.get_closest_marker("long")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture
def own_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files that no other test uses, so that what is left there is ours.

    Its path is short: Chromium puts a Unix socket there, whose name may have 108 bytes.
    """
    with tempfile.TemporaryDirectory(prefix="own-", ignore_cleanup_errors=True) as folder:
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", None)
        yield Path(folder)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis or Valkey that all tests of this worker share: none ends it, stalls it or empties it.

    A test that does so starts its own: ``with RedisServer(keeps=True) as redis``.
    """
    try:
        server = RedisServer()
    except BackplaneUnavailable as error:
        pytest.skip(str(error))
    with server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """A place in it that no other test has: a URL with a fresh prefix, for a backplane."""
    return f"{redis_server.url}?prefix=test-{secrets.token_hex(6)}"


@pytest.fixture
def unused_port() -> int:
    """A port of the loopback interface that was free a moment ago."""
    return free_port()


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of runs without their drawings, which take two seconds: for what looks at tables."""
    for name, nothing in (("_figures", []), ("month_section", None), ("battery_section", None)):
        where = f"pushlab.charts.report.page.{name}"
        monkeypatch.setattr(where, lambda *_, nothing=nothing: nothing)
