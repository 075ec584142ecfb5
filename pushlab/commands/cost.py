"""`pushlab cost`: what a month costs at public offers, from a run or from closed forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pushlab.analysis import analyse
from pushlab.analysis.cost import (
    Traffic,
    find_offers,
    load_book,
    price_all,
    traffic_by_cell,
)
from pushlab.commands.charts_folder import charts_folder
from pushlab.commands.cost_table import print_costs
from pushlab.commands.terminal import json_text
from pushlab.commands.workload import LoadFlags
from pushlab.contract.registry import comparable_profiles
from pushlab.errors import UsageError
from pushlab.quantities import exact_duration, message_rate, parse_number
from pushlab.runs import Run

__all__ = ["Ask", "cost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(LoadFlags):
    """What the command line says, as text where it has units; None where it says nothing."""

    folder: Path | None = None
    offers: str | None = None
    prices: Path | None = None
    free_tier: bool = False
    egress: bool = False
    headroom: float = 0.5
    with_items: bool = False
    with_charts: bool = True
    out: Path | None = None
    as_json: bool = False


def cost(ask: Ask) -> int:
    """Price and print; the exit status.

    Raises:
        UsageError: a value makes no sense; the text names the flag.
        RunError: there is no such run.
        SetupError: the charts cannot be written.
    """
    book, offers = load_book(ask.prices), find_offers(ask.offers)
    traffic, title = _measured(ask, ask.folder) if ask.folder else _predicted(ask)
    costs = price_all(
        traffic,
        offers,
        book,
        free_tier=ask.free_tier,
        egress=ask.egress,
        headroom=ask.headroom,
    )
    wanted = ask.with_charts and bool(costs.every_bill)
    out = charts_folder(ask.out, ask.folder, wanted=wanted, as_json=ask.as_json)
    if ask.as_json:
        print(json_text(costs.to_json()))
    else:
        few = ask.offers is None or ask.offers.strip() == "all"
        print_costs(title, costs, with_items=ask.with_items, every_even=not few)
    if out is not None:
        from pushlab.charts.bills import draw_costs  # a table needs no matplotlib

        for path in draw_costs(title, costs, out):
            if not ask.as_json:
                print(path)
    return 0


def _measured(ask: Ask, folder: Path) -> tuple[Mapping[str, Traffic], str]:
    ask.refuse("clients")
    run = Run.load(folder)
    found = traffic_by_cell(analyse(run).good)
    if not found:
        raise UsageError(f"{run.path}: no trial went well, so there is nothing to price")
    clients = next(iter(found.values())).clients
    if ask.clients is not None:
        clients = parse_number(ask.clients, "--clients")
        found = {cell: traffic.scaled(clients) for cell, traffic in found.items()}
    name = run.scenario.get("name", "run")
    return found, f"{clients:,.0f} clients that behave as in {name}, for 30 days"


def _predicted(ask: Ask) -> tuple[Mapping[str, Traffic], str]:
    w = ask.workload("clients", "rate_per_client", headroom=ask.headroom)
    found = {name: w.traffic(profile) for name, profile in comparable_profiles().items()}
    title = (
        f"{w.clients:,.0f} clients, {message_rate(w.rate_per_s)} of {w.payload_bytes:,.0f} bytes"
        f" each, polls every {exact_duration(w.interval_s)}, for 30 days"
    )
    return found, title
