"""Every command's tables at 80 and 120 columns: what a pipe gets is there, whole, and it fits."""

import re
from collections import Counter
from types import SimpleNamespace

import pytest

from pushlab.cli import main
from pushlab.commands import predict as predicting
from pushlab.commands.capacity import print_capacity
from pushlab.commands.grid_table import print_sweep
from pushlab.commands.predict_table import print_forecasts
from tests.runs.simulated import STANDARD, Cell
from tests.runs.simulated_sweeps import make_sweep

REFERENCE = "results/reference"
MANY = ("--clients", "10,000,000", "--rate-per-client", "1/min")
#: A number with all its digits, and none of a name such as p50.
NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?")


def at_width(monkeypatch, capsys, width, show):
    """What `show` prints on a terminal so wide, without its colours; None: in a pipe."""
    with monkeypatch.context() as terminal:
        if width is not None:
            for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm"), ("COLUMNS", str(width))):
                terminal.setenv(name, value)
        show()
    return re.sub("\x1b[^m]*m", "", capsys.readouterr().out)


@pytest.fixture(scope="module")
def forecasts():
    with pytest.MonkeyPatch.context() as patched:
        asked = []
        patched.setattr(predicting, "print_forecasts", lambda *given: asked.append(given))
        assert main(("predict", *MANY, "--calibrate", REFERENCE)) == 0
    return asked[0]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    axes = {"clients": [40, 400], "poll_interval_s": [0.5, 2]}
    return make_sweep(
        tmp_path_factory.mktemp("sweeps"),
        axes,
        lambda values: [*STANDARD[:3], Cell("mqtt", "mqtt", fail="no broker")],
    )


def _capacity():
    load = {"outcome": "held", "busy": {"hub": 0.123, "machine": 1.0}}
    goals = ["p99<100ms", "lost<0.1%", "bytes_per_delivery<10MB"]
    loads = [
        {**load, "at": at, "values": dict(zip(goals, (0.0123, 0.00012, 1234567.0), strict=True))}
        for at in (1_000_000, 250)
    ]
    loads.append({"at": 2e6, "outcome": "failed", "values": {}, "busy": {}})
    objectives = [{"text": goal} for goal in goals]
    found = {"sentence": "1,000,000 held", "vary": "clients", "objectives": objectives}
    print_capacity(SimpleNamespace(capacity={**found, "loads": loads}))


def _commands():
    for name, *arguments in (
        ("show", REFERENCE),
        ("cost", *MANY, "--items"),
        ("cost", *MANY, "--architecture", "all", "--sensitivity"),
        ("cost", "--book"),
        ("cost", REFERENCE, "--no-charts"),
        ("energy", "--rate-per-client", "1/min"),
        ("diff", REFERENCE, REFERENCE, "--all"),
        ("predict", "--validate", REFERENCE),
    ):
        id = f"{name} {arguments[-1]}"
        marks = [pytest.mark.soak] if id in SOAK else []
        yield pytest.param((name, *arguments), id=id, marks=marks)
    yield from ("predict", "capacity", "sweep")


#: What has few columns, or is wide in one way that another is wide in too.
SOAK = ("cost --sensitivity", "cost --no-charts", "diff --all", f"predict {REFERENCE}")


@pytest.mark.parametrize("command", list(_commands()))
def test_it_fits_and_no_number_is_cut(command, request, monkeypatch, capsys):
    def show():
        if isinstance(command, tuple):
            assert main(command) in (0, 1, 3)
        elif command == "capacity":
            _capacity()
        elif command == "predict":
            print_forecasts(*request.getfixturevalue("forecasts"))
        else:
            print_sweep(request.getfixturevalue("sweep"))

    if command in ("predict", "sweep"):
        request.getfixturevalue({"predict": "forecasts"}.get(command, command))
        capsys.readouterr()
    plain = at_width(monkeypatch, capsys, None, show)
    assert "\x1b" not in plain
    wanted = Counter(NUMBER.findall(plain))
    for width in (80, 120):
        text = at_width(monkeypatch, capsys, width, show)
        assert max(len(line.rstrip()) for line in text.splitlines()) <= width
        assert "…" not in text
        # what repeats from row to row is said once on a terminal
        assert set(wanted) <= set(NUMBER.findall(text))
        if command != "sweep":
            assert wanted - Counter(NUMBER.findall(text)) == Counter()


def test_predict_shows_every_transport_and_every_hit_rate_at_80(forecasts, monkeypatch, capsys):
    text = at_width(monkeypatch, capsys, 80, lambda: print_forecasts(*forecasts))
    (line,) = [line for line in text.splitlines() if line.startswith("hits/s")]
    assert line.split()[1:3] == ["2,000,000", "423,582"]
    for name in ("short-polling", "long-polling", "sse", "websocket", "mqtt"):
        assert name in text.split("hits/s")[0].split()
