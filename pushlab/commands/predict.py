"""`pushlab predict`: what a service for N clients comes to, and how well that holds for a run."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pushlab.analysis.cost.book import PriceBook, load_book
from pushlab.analysis.cost.meter import Bill
from pushlab.analysis.cost.offers import OFFERS, bill
from pushlab.analysis.cost.traffic import Traffic
from pushlab.analysis.forecast.calibration import calibrate as costs_of
from pushlab.analysis.forecast.forecast import Forecast, forecast
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
    book = load_book(None)
    cheapest = {
        name: _cheapest(each.traffic, book, work.headroom) for name, each in forecasts.items()
    }
    if as_json:
        print(json_text(_json(work, forecasts, cheapest)))
    else:
        if found is not None:
            print(predicted_from(found))
        print_forecasts(work, forecasts, cheapest, calibrate)
    return 0


def _check(w: Workload) -> None:
    if w.seed < 0:
        raise UsageError(f"--seed is {w.seed}; it must be at least 0")
    if w.server_bytes <= 0:
        raise UsageError(f"--server-memory: {w.server_bytes:g} bytes is not above 0")
    if not 1 <= w.clients <= _MOST_CLIENTS or w.clients != int(w.clients):
        raise UsageError(f"--clients: {w.clients:g} is not a whole number from 1 to 1e9")


def _cheapest(traffic: Traffic, book: PriceBook, headroom: float) -> Bill | None:
    """The cheapest bill for a month of the traffic and of all that serves it; None without one."""
    bills = [
        bill(offer, traffic, book, headroom=headroom)
        for offer in OFFERS.values()
        if offer.can_price(traffic) and not offer.servers_on_top
    ]
    return min(bills, key=lambda one: one.usd, default=None)


def _json(
    workload: Workload, forecasts: Mapping[str, Forecast], cheapest: Mapping[str, Bill | None]
) -> dict[str, object]:
    return {
        "workload": {name: getattr(workload, name) for name in Workload.__slots__},
        "transports": {
            name: {
                **each.to_json(),
                "cheapest": None if (one := cheapest[name]) is None else one.to_json(),
            }
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
