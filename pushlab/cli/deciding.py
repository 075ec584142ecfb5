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
    check.add_argument(
        "--slo",
        action="append",
        default=[],
        metavar="OBJECTIVE",
        dest="texts",
        help="may be given repeatedly",
    )
    check.add_argument(
        "--slo-file", type=Path, metavar="FILE", dest="file", help="one in a line; # comments"
    )
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
    cost.add_argument("--clients", metavar="N", help="clients; with a run: scaled to so many")
    _add_load(cost)
    cost.add_argument("--one-way", metavar="T", help=_ONE_WAY)
    cost.add_argument("--per-channel", metavar="N", help="clients that share a channel; default: 1")
    cost.add_argument("--offers", metavar="A,B,...", help="only these; default: all")
    cost.add_argument(
        "--prices", type=Path, metavar="CSV", help="prices of your own, put over ours"
    )
    cost.add_argument("--free-tier", action="store_true", help="take off what offers give away")
    _add_headroom(cost)
    cost.add_argument(
        "--egress", action="store_true", help="add the data that leave the cloud, at AWS"
    )
    cost.add_argument(
        "--items", action="store_true", dest="with_items", help="show events, units and prices"
    )
    cost.add_argument(
        "--out", type=Path, metavar="DIR", help="draw the charts there; default: RUN/charts"
    )
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
    energy.add_argument(
        "--keep-alive", metavar="T", help="of push, after silence; 0: none; default: as declared"
    )
    energy.add_argument("--radio", metavar="A,B", help="lte, 3g, wifi; default: all")
    energy.add_argument("--battery", default="15Wh", metavar="WH", help="default: 15Wh")
    energy.add_argument(
        "--out", type=Path, metavar="DIR", help="draw the timeline there; default: RUN/charts"
    )
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
    predict.add_argument("--clients", metavar="N", help="clients")
    _add_load(predict)
    predict.add_argument("--one-way", metavar="T", help=_ONE_WAY)
    predict.add_argument("--per-channel", metavar="N", help="clients on a channel; default: 1")
    predict.add_argument("--calibrate", type=Path, metavar="RUN", help=_CALIBRATE)
    _add_headroom(predict)
    predict.add_argument("--server-memory", metavar="SIZE", help="of one server; default: 4GiB")
    predict.add_argument(
        "--seed", type=whole("1"), default=1, metavar="N", help="of the simulation"
    )
    predict.add_argument(
        "--every-client", action="store_true", help="simulate every client, not a sample of them"
    )
    predict.add_argument(
        "--validate",
        type=Path,
        metavar="RUN",
        help="models beside what a run measured; exit status 1 beyond tolerance",
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
    lost.add_argument(
        "--poll-interval", default="5s", metavar="T", help="of short polling; default: 5s"
    )
    lost.add_argument(
        "--payload", default="100B", metavar="SIZE", help="of a message; default: 100B"
    )
    lost.add_argument(
        "--one-way", default="20ms", metavar="T", help="the network's delay; default: 20ms"
    )
    lost.add_argument(
        "--clients", default="1000", metavar="N", help="on one channel; default: 1000"
    )
    lost.add_argument("--calibrate", type=Path, metavar="RUN", dest="known_from", help=_CALIBRATE)
    lost.add_argument("--out", type=Path, metavar="DIR", help="draw the chart there")
    add_json(lost, "everything as JSON")


def _add_load(command: Parser) -> None:
    """What one client gets, and how its transport asks for it."""
    command.add_argument("--rate-per-client", metavar="R", help="messages that each client gets")
    command.add_argument("--poll-interval", metavar="T", help="of short polling; default: 5s")
    command.add_argument("--payload", metavar="SIZE", help="of a message; default: 100B")
    command.add_argument("--hold", metavar="T", help="of long polling; default: as declared")


def _add_headroom(command: Parser) -> None:
    command.add_argument(
        "--headroom", type=number("0.5"), default=0.5, metavar="X", help="of servers; default: 0.5"
    )


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
