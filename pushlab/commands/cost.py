"""`pushlab cost`: what a month costs in whole architectures, from a run or from closed forms."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pushlab.analysis import Analysis, analyse
from pushlab.analysis.advice.asked import Asked, asked_of_load, asked_of_run
from pushlab.analysis.advice.saving import Saving, savings
from pushlab.analysis.advice.today import Today, parse_today
from pushlab.analysis.cost.architectures import (
    ARCHITECTURES,
    DEFAULT,
    find_architectures,
)
from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.guesses import said
from pushlab.analysis.cost.measured import nothing_to_price
from pushlab.analysis.cost.month import Costs, price_all
from pushlab.analysis.cost.of_run import run_costs
from pushlab.analysis.cost.sizes import Sizes
from pushlab.analysis.cost.traffic import Traffic
from pushlab.analysis.forecast.calibration import calibration_from
from pushlab.analysis.forecast.sizes import sizes_of
from pushlab.analysis.forecast.sizing import Workload
from pushlab.commands.book_table import print_book
from pushlab.commands.cost_table import print_costs
from pushlab.commands.terminal import charts_folder, json_text
from pushlab.commands.workload import refuse_beside_run, workload
from pushlab.contract.registry import comparable_profiles
from pushlab.errors import UsageError
from pushlab.quantities import exact_duration, message_rate
from pushlab.runs import HUB, Run

__all__ = ["cost", "show_book"]


def cost(
    folder: Path | None,
    *,
    load: Mapping[str, Any],
    given: Sequence[str] = (),
    architecture: str | None = None,
    prices: Path | None = None,
    today: str | None = None,
    assume: Mapping[str, float] | None = None,
    egress: bool = True,
    with_items: bool = False,
    sensitivity: bool = False,
    with_charts: bool = True,
    out: Path | None = None,
    as_json: bool = False,
) -> int:
    """Price and print; the exit status.

    Args:
        load: what `workload` takes; of a run, ``clients`` is used.
        given: the flags that said it.
        architecture: keys or kinds, with commas between: the first is the one within which
            transports are compared, all are shown in full; None: where all five can run.
        today: the owner's own figures of polling; see `parse_today`.
        assume: guesses that are known, by name.
        egress: whether data that leave the cloud are charged.
        sensitivity: show and draw what each guess does to each bill.

    Raises:
        UsageError: a value makes no sense; the text names the flag.
        RunError: there is no such run.
        SetupError: the charts cannot be written.
    """
    full = [DEFAULT] if architecture is None else find_architectures(architecture)
    told: dict[str, Any] = {"chosen": full[0], "egress": egress, "prices": prices}
    known, saved = said(**(assume or {})), list[Saving]()
    if today is not None:
        asked, title = _today(folder, load, given, parse_today(today))
        guesses = {**asked.guesses, **{name: known[name] for name in assume or {}}}
        costs = _priced(asked.traffic, sizes=asked.sizes, guesses=guesses, **told)
        saved = savings(asked, costs)
    elif folder:
        costs, title = _measured(folder, load, given, guesses=known, **told)
    else:
        costs, title = _predicted(workload(load), guesses=known, **told)
    out = charts_folder(out, folder, wanted=with_charts and bool(costs.every), as_json=as_json)
    if as_json:
        print(json_text({**costs.to_json(), "savings": [one.to_json() for one in saved]}))
    else:
        extras = {"with_items": with_items, "with_guesses": sensitivity}
        print_costs(title, costs, full=full, saved=saved, **extras)
    if out is not None:
        _draw(title, costs, out, sensitivity=sensitivity, quiet=as_json)
    return 0


def _priced(traffic: Mapping[str, Traffic], *, prices: Path | None, **told: Any) -> Costs:
    return price_all(traffic, list(ARCHITECTURES.values()), load_book(prices), **told)


def _draw(title: str, costs: Costs, out: Path, *, sensitivity: bool, quiet: bool) -> None:
    from pushlab.charts.bills import cost_charts  # a table needs no matplotlib
    from pushlab.charts.frame import save
    from pushlab.charts.sensitivity import sensitivity_chart

    charts = cost_charts(title, costs)
    if sensitivity and (chart := sensitivity_chart(title, costs)) is not None:
        charts.append(chart)
    for path in save(charts, out):
        if not quiet:
            print(path)


def _today(
    folder: Path | None, load: Mapping[str, Any], given: Sequence[str], today: Today
) -> tuple[Asked, str]:
    """What push is held against: polling as its owner has it."""
    if "--poll-interval" in given:
        raise UsageError("--poll-interval does not go with --today, which says it")
    profiles = comparable_profiles()
    if folder is None:
        asked = asked_of_load(workload(load), profiles, {}, today=today)
        return asked, _title(asked.load)
    refuse_beside_run(given, "--clients")
    analysis = analyse(Run.load(folder))
    name = str(analysis.run.scenario.get("name", "run"))
    clients = load.get("clients")
    asked = asked_of_run(analysis, profiles, name=name, clients=clients, today=today)
    return asked, _title(asked.load)


def show_book(prices: Path | None, *, as_json: bool = False) -> int:
    """Print the price book, with the prices of one's own in it; the exit status.

    Raises:
        UsageError: see `load_book`.
    """
    book = load_book(prices)
    if as_json:
        told = [price.to_json() for price in book]
        print(json_text({"prices": told, "warnings": book.warnings()}))
    else:
        print_book(book)
    return 0


def _measured(
    folder: Path, load: Mapping[str, Any], given: Sequence[str], **told: Any
) -> tuple[Costs, str]:
    """A run's own month; that of so many clients as it had, or more."""
    refuse_beside_run(given, "--clients")
    run = Run.load(folder)
    analysis = analyse(run)
    clients = load.get("clients")
    sizes = None if clients is None else _scaling(analysis)
    costs = run_costs(analysis.good, clients=clients, sizes=sizes, **told)
    if not costs.traffic:
        raise UsageError(f"{run.path}: {nothing_to_price(analysis.good)}")
    clients = next(iter(costs.traffic.values())).clients
    name = run.scenario.get("name", "run")
    alone = " of the hub" if set(run.systems.values()) - {HUB} else ""
    return costs, f"{clients:,.0f} clients{alone} that behave as in {name}, for 30 days"


def _scaling(analysis: Analysis) -> dict[str, Sizes]:
    """What other numbers of clients take of servers: costs taken apart, with their intervals."""
    known, found = calibration_from([analysis]), {}
    source = f"this run, {analysis.run.scenario.get('name', 'run')}"
    for cell, trials in analysis.good.items():
        calibration = known.get(trials[0].record.subject) if trials else None
        if calibration is not None and (one := sizes_of(calibration, source)) is not None:
            found[cell] = one
    return found


def _predicted(w: Workload, **told: Any) -> tuple[Costs, str]:
    found = {name: w.traffic(profile) for name, profile in comparable_profiles().items()}
    return _priced(found, **told), _title(w)


def _title(w: Workload) -> str:
    return (
        f"{w.clients:,.0f} clients, {message_rate(w.rate_per_s)} of {w.payload_bytes:,.0f} bytes"
        f" each, polls every {exact_duration(w.interval_s)}, for 30 days"
    )
