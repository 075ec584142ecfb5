"""`pushlab crossovers`: when push loses, in numbers and as a chart."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pushlab.analysis.forecast.calibration import calibrate
from pushlab.analysis.forecast.crossovers import Setting, crossovers, curves
from pushlab.charts.crossovers import crossovers_chart
from pushlab.charts.frame import make_folder, save
from pushlab.commands.terminal import json_text
from pushlab.contract.registry import comparable_profiles
from pushlab.errors import UsageError
from pushlab.quantities import number

__all__ = ["show_crossovers"]


def show_crossovers(
    *,
    load: Mapping[str, float],
    known_from: Path | None = None,
    out: Path | None = None,
    as_json: bool = False,
) -> int:
    """Print every crossover with its formula and what measures it; draw the chart into `out`.

    Args:
        load: values of `Setting`.
        known_from: a run or sweep that tells what a server costs.

    Raises:
        UsageError: a value makes no sense; the text names the flag.
        RunError: there is no such run.
        SetupError: the chart cannot be written.
    """
    setting = Setting.among(comparable_profiles().values(), **load)
    if setting.interval_s <= 0 or setting.clients < 1 or setting.one_way_s < 0:
        raise UsageError(
            "--poll-interval and --clients must be above 0, and --one-way not below it"
        )
    known = calibrate(known_from) if known_from else {}
    found = crossovers(setting, known)
    if out is not None:
        make_folder(out)
    if as_json:
        print(json_text([asdict(each) for each in found]))
    else:
        console = Console(highlight=False, emoji=False, soft_wrap=True)
        console.print(Text(f"{setting.words}. Push loses from these on:", style="bold"))
        for each in found:
            told = "give a run (--calibrate RUN)" if each.value is None else number(each.value)
            console.print(f"\n{each.says}: {told} {each.unit if each.value is not None else ''}")
            console.print(Text(f"  {each.formula}", style="dim"))
            console.print(Text(f"  measure it: {each.measure}", style="dim"))
    if out is not None:
        footer = f"costs as in {known_from.name}" if known_from else "bytes of pushlab's transports"
        for path in save([crossovers_chart(setting, curves(setting, known), footer)], out):
            if not as_json:
                print(path)
    return 0
