"""`pushlab cost`: what a month costs at public offers, from a run or from closed forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pushlab.analysis import analyse
from pushlab.analysis.cost import (
    Traffic,
    find_offers,
    load_book,
    predicted_traffic,
    price_all,
    traffic_by_cell,
)
from pushlab.commands.charts_folder import charts_folder
from pushlab.commands.cost_table import print_costs
from pushlab.commands.terminal import json_text
from pushlab.contract.registry import comparable_profiles
from pushlab.errors import UsageError
from pushlab.quantities import (
    message_rate,
    parse_bytes,
    parse_number,
    parse_rate_per_s,
    parse_seconds,
)
from pushlab.runs import Run

__all__ = ["Ask", "cost"]

_WORKLOAD = ("rate_per_client", "poll_interval", "payload", "hold", "one_way", "per_channel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What the command line says, as text where it has units; None where it says nothing."""

    folder: Path | None = None
    clients: str | None = None
    rate_per_client: str | None = None
    poll_interval: str | None = None
    payload: str | None = None
    hold: str | None = None
    one_way: str | None = None
    per_channel: str | None = None
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
    if not 0 <= ask.headroom < 1:
        raise UsageError(f"--headroom is {ask.headroom:g}; it must be at least 0 and below 1")
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
    for name in _WORKLOAD:
        if getattr(ask, name) is not None:
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(f"{flag} does not go with a run: the run has measured it")
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
    missing = [
        f"--{name.replace('_', '-')}"
        for name in ("clients", "rate_per_client")
        if getattr(ask, name) is None
    ]
    if missing:
        raise UsageError(
            f"{' and '.join(missing)} missing; without a run, say how many clients there are and"
            " how many messages each gets, such as --clients 1e6 --rate-per-client 1/min"
        )
    clients = parse_number(ask.clients or "", "--clients")
    rate = parse_rate_per_s(ask.rate_per_client or "", "--rate-per-client")
    interval_s = parse_seconds(ask.poll_interval or "5s", "--poll-interval")
    payload = parse_bytes(ask.payload or "100B", "--payload")
    hold_s = parse_seconds(ask.hold or "30s", "--hold")
    one_way_s = parse_seconds(ask.one_way or "0s", "--one-way")
    per_channel = parse_number(ask.per_channel or "1", "--per-channel")
    found = {
        name: predicted_traffic(
            profile.retimed(interval_s=interval_s, hold_s=hold_s),
            clients=clients,
            rate_per_client_per_s=rate,
            payload_bytes=payload,
            one_way_s=one_way_s,
            per_channel=per_channel,
        )
        for name, profile in comparable_profiles().items()
    }
    title = (
        f"{clients:,.0f} clients, {message_rate(rate)} of {payload:,.0f} bytes each,"
        f" polls every {interval_s:g} s, for 30 days"
    )
    return found, title
