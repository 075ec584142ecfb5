"""What can be imported, and what importing costs."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import pushlab
from tests.patience import PATIENCE_S

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(pushlab.__path__, "pushlab.")
    if not module.name.endswith("__main__")
)
#: What `import pushlab` must not load: it serves a reader of one channel, perhaps on a small board.
HEAVY = [
    "matplotlib",
    "pyarrow",
    "numpy",
    "uvicorn",
    "uvloop",
    "starlette",
    "aiomqtt",
    "psutil",
    "rich",
    "importlib.metadata.tests",
    "pushlab.hub",
    "pushlab.lab",
    "pushlab.runs",
    "pushlab.analysis",
    "pushlab.charts",
    "pushlab.transports",
]


def names_made_in(module):
    """The functions and classes without an underscore that a module itself makes."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and getattr(value, "__module__", None) == module.__name__
        and callable(value)
    }


def test_what_a_module_exports_is_there_sorted_and_once():
    for name in MODULES:
        module = importlib.import_module(name)
        assert module.__doc__, f"{name} does not say what it is for"
        exported = getattr(module, "__all__", None)
        if exported is None:
            assert hasattr(module, "__path__"), f"{name}: only a package may do without __all__"
            continue
        assert sorted(set(exported), key=_case) == list(exported), name
        missing = [item for item in exported if getattr(module, item, None) is None]
        assert missing == [], name


def _case(name):
    """Ruff's order: CONSTANTS, then Classes, then functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def test_nothing_public_is_left_out():
    for name in MODULES:
        module = importlib.import_module(name)
        if (".contract." in name or ".hub." in name) and hasattr(module, "__all__"):
            assert names_made_in(module) - set(module.__all__) == set(), name


def test_the_front_door():
    assert set(pushlab.__all__) == {
        "Closed",
        "Connected",
        "Cursor",
        "Disconnected",
        "Gap",
        "Message",
        "Overtaken",
        "PushlabError",
        "__version__",
        "connect",
    }
    for name in pushlab.__all__:
        assert getattr(pushlab, name) is not None


def test_every_error_is_in_the_tree():
    from pushlab import errors

    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.PushlabError)
        assert name in errors.__doc__, f"{name} is missing from the drawing"


def test_importing_pushlab_is_light():
    script = "import sys, pushlab; pushlab.connect; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    loaded = set(done.stdout.split())
    assert "pushlab.client" in loaded
    assert sorted(loaded & set(HEAVY)) == []


@pytest.mark.parametrize(
    "name", ["short-polling", "long-polling", "sse", "websocket", "channel-api-dev"]
)
def test_a_transport_is_loaded_without_the_others(name):
    script = (
        "import sys; from pushlab.contract.registry import load_transport\n"
        f"load_transport({name!r})\n"
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    loaded = set(done.stdout.split())
    mine = "pushlab.transports." + name.replace("-", "_")
    others = {
        f"pushlab.transports.{other}"
        for other in ("short_polling", "long_polling", "sse", "websocket", "mqtt")
    } - {mine}
    assert mine in loaded
    assert sorted(loaded & (others | {"aiomqtt", "uvicorn", "starlette"})) == []
