"""`pushlab cost`: what a month costs at public offers, from a run or from closed forms."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pushlab.analysis import analyse
from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.costs import price_all
from pushlab.analysis.cost.measured import traffic_by_cell
from pushlab.analysis.cost.offers import find_offers
from pushlab.analysis.cost.traffic import Traffic
from pushlab.analysis.forecast.sizing import Workload
from pushlab.commands.book_table import print_book
from pushlab.commands.cost_table import print_costs
from pushlab.commands.terminal import charts_folder, json_text
from pushlab.commands.workload import refuse_beside_run, workload
from pushlab.contract.registry import comparable_profiles
from pushlab.errors import UsageError
from pushlab.quantities import exact_duration, message_rate
from pushlab.runs import Run

__all__ = ["cost", "show_book"]


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


def cost(
    folder: Path | None,
    *,
    load: Mapping[str, Any],
    given: Sequence[str] = (),
    offers: str | None = None,
    prices: Path | None = None,
    egress: bool = False,
    with_items: bool = False,
    with_charts: bool = True,
    out: Path | None = None,
    as_json: bool = False,
) -> int:
    """Price and print; the exit status.

    Args:
        load: what `workload` takes; of a run, ``clients`` and ``headroom`` are used.
        given: the flags that said it.

    Raises:
        UsageError: a value makes no sense; the text names the flag.
        RunError: there is no such run.
        SetupError: the charts cannot be written.
    """
    book, chosen = load_book(prices), find_offers(offers)
    traffic, title = _measured(folder, load, given) if folder else _predicted(workload(load))
    costs = price_all(traffic, chosen, book, egress=egress, headroom=load["headroom"])
    wanted = with_charts and bool(costs.every_bill)
    out = charts_folder(out, folder, wanted=wanted, as_json=as_json)
    if as_json:
        print(json_text(costs.to_json()))
    else:
        few = offers is None or offers.strip() == "all"
        print_costs(title, costs, with_items=with_items, every_even=not few)
    if out is not None:
        from pushlab.charts.bills import cost_charts  # a table needs no matplotlib
        from pushlab.charts.frame import save

        for path in save(cost_charts(title, costs, measured=folder is not None), out):
            if not as_json:
                print(path)
    return 0


def _measured(
    folder: Path, load: Mapping[str, Any], given: Sequence[str]
) -> tuple[Mapping[str, Traffic], str]:
    refuse_beside_run(given, "--clients")
    run = Run.load(folder)
    found = traffic_by_cell(analyse(run).good)
    if not found:
        raise UsageError(f"{run.path}: no trial went well, so there is nothing to price")
    clients = load.get("clients", next(iter(found.values())).clients)
    if "clients" in load:
        found = {cell: traffic.scaled(clients) for cell, traffic in found.items()}
    name = run.scenario.get("name", "run")
    return found, f"{clients:,.0f} clients that behave as in {name}, for 30 days"


def _predicted(w: Workload) -> tuple[Mapping[str, Traffic], str]:
    found = {name: w.traffic(profile) for name, profile in comparable_profiles().items()}
    title = (
        f"{w.clients:,.0f} clients, {message_rate(w.rate_per_s)} of {w.payload_bytes:,.0f} bytes"
        f" each, polls every {exact_duration(w.interval_s)}, for 30 days"
    )
    return found, title
