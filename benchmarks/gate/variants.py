"""Two copies of pushlab to judge against each other: as it is, and with a hub that is dearer.

The dearer hub burns CPU time of its own thread after each publish, so many nanoseconds for each
reader, which is told it when the copy is made: nothing is read from the environment.
"""

import shutil
import statistics
import sys
from pathlib import Path

import pushlab
from pushlab.analysis.summary.stored import summary_of
from pushlab.commands.programs import run_of

__all__ = ["FIGURE", "command_of", "cpu_ns", "make_variant"]

FIGURE = "server_cpu_s_per_delivery"
_HERE = Path(__file__).parent
_DEARER = """

_as_it_is = Channel.publish


def _dearer(self: Channel, data: str, size: int, now_ns: int) -> Entry:
    import time

    entry = _as_it_is(self, data, size, now_ns)
    until_ns = time.thread_time_ns() + {ns} * len(self.feeds)
    while time.thread_time_ns() < until_ns:
        pass
    return entry


Channel.publish = _dearer
"""


def make_variant(place: Path, *, dearer_ns: int = 0) -> Path:
    """A copy of this pushlab, with what measures it; each delivery costs so much more CPU time."""
    shutil.rmtree(place, ignore_errors=True)
    source = Path(pushlab.__file__).parent
    leave = shutil.ignore_patterns("__pycache__", "node_modules", "vendor", "course")
    shutil.copytree(source, place / "pushlab", ignore=leave)
    for name in ("measure.py", "gate.toml"):
        shutil.copy(_HERE / name, place)
    if dearer_ns:
        with (place / "pushlab/hub/channel.py").open("a", encoding="utf-8") as file:
            file.write(_DEARER.format(ns=dearer_ns))
    return place


def command_of(variant: Path) -> str:
    """The command that measures it, for `pushlab gate --run`."""
    return f"{sys.executable} {variant / 'measure.py'} --out {{out}}"


def cpu_ns(variants: list[Path], place: Path, *, times: int) -> list[float]:
    """The hub's CPU time per delivery, in nanoseconds: the median of so many runs by turns."""
    found: list[list[float]] = [[] for _ in variants]
    for turn in range(times):
        for variant, values in zip(variants, found, strict=True):
            where = place / f"{variant.name}-{len(values) + 1:02}-{turn}"
            run = run_of(variant.name, command_of(variant).split(), where)
            value = summary_of(run).cells["sse"][FIGURE]
            assert value is not None, f"{run.path} counted no CPU"
            values.append(1e9 * value)
    return [statistics.median(values) for values in found]
