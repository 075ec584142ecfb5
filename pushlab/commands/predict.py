"""`pushlab predict`: what a service for N clients comes to, and how well that holds for a run."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pushlab.analysis.cost.architectures import DEFAULT
from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.guesses import said
from pushlab.analysis.cost.month import price_all
from pushlab.analysis.cost.pricing import Priced
from pushlab.analysis.forecast.calibration import calibrate as costs_of
from pushlab.analysis.forecast.forecast import Forecast, forecast
from pushlab.analysis.forecast.sizes import sizes_of
from pushlab.analysis.forecast.sizing import Workload
from pushlab.analysis.log.findings import load_findings
from pushlab.analysis.log.words import predicted_from
from pushlab.commands.predict_table import print_forecasts, print_validation
from pushlab.commands.terminal import NOT_KNOWN, json_text
from pushlab.commands.workload import logged, workload
from pushlab.contract.registry import comparable_profiles
from pushlab.errors import UsageError
from pushlab.runs import Run

__all__ = ["predict", "validate_run"]

_MOST_CLIENTS = 1e9


def predict(
    *,
    load: Mapping[str, Any],
    calibrate: Path | None = None,
    log: Path | None = None,
    given: Sequence[str] = (),
    as_json: bool = False,
) -> int:
    """Predict and print; the exit status.

    Args:
        load: what `workload` takes.
        calibrate: a run or sweep that tells what a server costs.
        log: a folder of `pushlab workload from-log`, whose load it is but for the flags `given`.

    Raises:
        UsageError: a value makes no sense; the text names the flag.
        RunError: there is no such run.
    """
    found = load_findings(log) if log else None
    work = workload(load if found is None else logged(found, load, given))
    _check(work)
    known = costs_of(calibrate) if calibrate else {}
    forecasts = {
        name: forecast(profile, work, known.get(name))
        for name, profile in comparable_profiles().items()
    }
    months = _months(work, forecasts, calibrate)
    if as_json:
        print(json_text(_json(work, forecasts, months)))
    else:
        if found is not None:
            print(predicted_from(found))
        print_forecasts(work, forecasts, months, calibrate)
    return 0


def _check(w: Workload) -> None:
    if w.seed < 0:
        raise UsageError(f"--seed is {w.seed}; it must be at least 0")
    if w.server_bytes <= 0:
        raise UsageError(f"--server-memory: {w.server_bytes:g} bytes is not above 0")
    if not 1 <= w.clients <= _MOST_CLIENTS or w.clients != int(w.clients):
        raise UsageError(f"--clients: {w.clients:g} is not a whole number from 1 to 1e9")


def _months(
    w: Workload, forecasts: Mapping[str, Forecast], calibrated_with: Path | None
) -> dict[str, Priced]:
    """A month of each transport in the architecture in which all of them can run."""
    sizes = {
        name: one
        for name, each in forecasts.items()
        if each.calibration and (one := sizes_of(each.calibration, str(calibrated_with)))
    }
    traffic = {name: each.traffic for name, each in forecasts.items()}
    guesses = said(headroom=w.headroom)
    costs = price_all(traffic, [DEFAULT], load_book(), sizes=sizes, guesses=guesses)
    return {one.cell: one for one in costs.within}


def _json(
    workload: Workload, forecasts: Mapping[str, Forecast], months: Mapping[str, Priced]
) -> dict[str, object]:
    return {
        "workload": {name: getattr(workload, name) for name in Workload.__slots__},
        "transports": {
            name: {**each.to_json(), "month": months[name].to_json()}
            for name, each in forecasts.items()
        },
    }


def validate_run(folder: Path, *, as_json: bool = False) -> int:
    """Print predicted, simulated and measured side by side.

    Returns:
        0 if all that has a model agrees with it, 1 if something differs, 3 if it is not known.

    Raises:
        RunError: there is no such run, or it is damaged.
    """
    from pushlab.analysis import analyse
    from pushlab.analysis.forecast.validation import validate

    run = Run.load(folder)
    found = validate(analyse(run))
    if not found:
        raise UsageError(f"{folder}: no trial has been run, so there is nothing to validate")
    if as_json:
        print(json_text([asdict(each) for each in found]))
    else:
        print_validation(run, found)
    answers = {check.answer for each in found for check in each.checks}
    if "differs" in answers or any(each.failed for each in found):
        return 1
    return NOT_KNOWN if "unknown" in answers else 0
