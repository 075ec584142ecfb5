"""The commands that help to decide: what a load comes to, and whether a run is good enough."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from pushlab.cli.arguments import (
    Group,
    Parser,
    add_folder,
    add_json,
    add_no_charts,
    lazily,
    number,
    whole,
)
from pushlab.errors import UsageError

__all__ = ["add_commands"]

_ONE_WAY = "the network's delay; default: 0s"
_CALIBRATE = "a run or sweep: what the server costs"


def add_commands(group: Group) -> None:
    """Add predict, crossovers, cost, energy and check."""
    _add_predict(group)
    _add_crossovers(group)
    _add_cost(group)
    _add_energy(group)
    check = group.add(
        "check",
        "judge a run by service level objectives",
        run=lazily("pushlab.commands.check:check"),
        more="Judge a run by objectives such as 'sse.latency_s.p99<50ms', 'p95<0.1s' or"
        " '*.lost==0': a cell (default: all), a figure of its summary, a comparison, a limit."
        " Exit status: 0 all met, 1 not, 2 an objective is malformed.",
        examples=(
            "check results/reference --slo '*.lost==0'",
            "check results/reference --slo 'sse.p50<50ms' --json",
        ),
    )
    add_folder(check, "a run's")
    check.flag(
        "--slo", "OBJECTIVE", "may be given repeatedly", action="append", default=[], dest="texts"
    )
    check.flag("--slo-file", "FILE", "one in a line; # comments", type=Path, dest="file")
    add_json(check, "the verdicts as JSON")


def _add_cost(group: Group) -> None:
    cost = group.add(
        "cost",
        "what a month costs at public offers, from a run or from closed forms",
        run=_asking("cost"),
        more="Price a month of a run's traffic, or of traffic by closed form, at the list prices of"
        " public offers, and find the poll interval from which polling is cheaper.",
        units="1e6, 1/min, 5s, 300B, 2KiB",
        examples=(
            "cost results/reference --no-charts",
            "cost --clients 1e5 --rate-per-client 1/min --poll-interval 5s",
        ),
    )
    cost.add_argument("folder", nargs="?", type=Path, metavar="RUN", help="a run's folder")
    cost.flag("--clients", "N", "clients; with a run: scaled to so many")
    _add_load(cost)
    cost.flag("--one-way", "T", _ONE_WAY)
    cost.flag("--per-channel", "N", "clients that share a channel; default: 1")
    cost.flag("--offers", "A,B,...", "only these; default: all")
    cost.flag("--prices", "CSV", "prices of your own, put over ours", type=Path)
    cost.switch("--free-tier", "take off what offers give away")
    _add_headroom(cost)
    cost.switch("--egress", "add the data that leave the cloud, at AWS")
    cost.switch("--items", "show events, units and prices", dest="with_items")
    cost.flag("--out", "DIR", "draw the charts there; default: RUN/charts", type=Path)
    add_no_charts(cost)
    add_json(cost, "everything as JSON")


def _add_energy(group: Group) -> None:
    energy = group.add(
        "energy",
        "what each transport asks of a phone's battery, from a run or from closed rules",
        run=_asking("energy"),
        more="Drive a radio's states (promotion, active, tail, idle) by the times at which a client"
        " sends and receives: those of a run, or predicted ones.",
        units="1/min, 5s, 300B, 15Wh",
        examples=(
            "energy --rate-per-client 1/h --radio lte",
            "energy results/reference --no-charts",
        ),
    )
    energy.add_argument("folder", nargs="?", type=Path, metavar="RUN", help="a run's folder")
    _add_load(energy)
    energy.flag("--keep-alive", "T", "of push, after silence; 0: none; default: as declared")
    energy.flag("--radio", "A,B", "lte, 3g, wifi; default: all")
    energy.flag("--battery", "WH", default="15Wh")
    energy.flag("--out", "DIR", "draw the timeline there; default: RUN/charts", type=Path)
    add_no_charts(energy, "draw no chart")
    add_json(energy, "everything as JSON")


def _add_predict(group: Group) -> None:
    predict = group.add(
        "predict",
        "what N clients come to, by closed forms and by simulation",
        run=_predict,
        more="Predict hits, latency, servers and cost for a number of clients, each figure by"
        " closed form and by simulation; or hold a run against its models.",
        units="1e6, 1/min, 5s, 300B, 4GiB",
        examples=(
            "predict --clients 1e6 --rate-per-client 1/h",
            "predict --validate results/reference",
        ),
    )
    predict.flag("--clients", "N", "clients")
    _add_load(predict)
    predict.flag("--one-way", "T", _ONE_WAY)
    predict.flag("--per-channel", "N", "clients on a channel; default: 1")
    predict.flag("--calibrate", "RUN", _CALIBRATE, type=Path)
    _add_headroom(predict)
    predict.flag("--server-memory", "SIZE", "of one server; default: 4GiB")
    predict.flag("--seed", "N", "of the simulation", type=whole("1"), default=1)
    predict.switch("--every-client", "simulate every client, not a sample of them")
    predict.flag(
        "--validate",
        "RUN",
        "models beside what a run measured; exit status 1 beyond tolerance",
        type=Path,
    )
    add_json(predict, "everything as JSON")


def _add_crossovers(group: Group) -> None:
    lost = group.add(
        "crossovers",
        "when push loses: the loads from which asking is cheaper",
        run=lazily("pushlab.commands.crossovers:show_crossovers"),
        more="When push loses: each crossover as a number, with its formula and the scenario that"
        " measures it.",
        units="5s, 300B, 20ms",
        examples=("crossovers", "crossovers --clients 100 --poll-interval 1s --json"),
    )
    lost.flag("--poll-interval", "T", "of short polling", default="5s")
    lost.flag("--payload", "SIZE", "of a message", default="100B")
    lost.flag("--one-way", "T", "the network's delay", default="20ms")
    lost.flag("--clients", "N", "on one channel", default="1000")
    lost.flag("--calibrate", "RUN", _CALIBRATE, type=Path, dest="known_from")
    lost.flag("--out", "DIR", "draw the chart there", type=Path)
    add_json(lost, "everything as JSON")


def _add_load(command: Parser) -> None:
    """What one client gets, and how its transport asks for it."""
    command.flag("--rate-per-client", "R", "messages that each client gets")
    command.flag("--poll-interval", "T", "of short polling; default: 5s")
    command.flag("--payload", "SIZE", "of a message; default: 100B")
    command.flag("--hold", "T", "of long polling; default: as declared")


def _add_headroom(command: Parser) -> None:
    command.flag("--headroom", "X", "of servers", type=number("0.5"), default=0.5)


def _asking(name: str) -> Callable[..., int]:
    """The command of that name, which takes all that was said as an ``Ask``."""

    def run(**asked: Any) -> int:
        module = import_module(f"pushlab.commands.{name}")
        status: int = getattr(module, name)(module.Ask(**asked))
        return status

    return run


def _predict(*, validate: Path | None, **asked: Any) -> int:
    if validate is None:
        return _asking("predict")(**asked)
    given = [name for name in ("clients", "rate_per_client", "calibrate") if asked[name]]
    if given:
        flag = f"--{given[0].replace('_', '-')}"
        raise UsageError(f"--validate does not go with {flag}: the run has all that it needs")
    from pushlab.commands.predict import validate_run

    return validate_run(validate, as_json=asked["as_json"])
