"""The commands that tell what a load comes to: arguments to calls."""

import argparse
from pathlib import Path

from pushlab.cli.arguments import Commands, number, whole
from pushlab.errors import UsageError

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """Add cost, energy, predict and crossovers."""
    cost = commands.add_parser(
        "cost",
        help="what a month costs at public offers, from a run or from closed forms",
        description="Price a month of a run's traffic, or of traffic by closed form, at the list"
        " prices of public offers, and find the poll interval from which polling is cheaper.",
        epilog="Quantities take units: 1e6, 1/min, 5s, 300B, 2KiB.",
    )
    cost.add_argument("folder", nargs="?", type=Path, metavar="RUN", help="a run's folder")
    cost.add_argument("--clients", metavar="N", help="clients; with a run: scaled to so many")
    _add_load(cost)
    cost.add_argument("--one-way", metavar="T", help="the network's delay; default: 0s")
    cost.add_argument("--per-channel", metavar="N", help="clients that share a channel; default: 1")
    cost.add_argument("--offers", metavar="A,B,...", help="only these; default: all")
    cost.add_argument(
        "--prices", type=Path, metavar="CSV", help="prices of your own, put over ours"
    )
    cost.add_argument("--free-tier", action="store_true", help="take off what offers give away")
    cost.add_argument(
        "--headroom", type=number("0.5"), default=0.5, metavar="X", help="of servers; default: 0.5"
    )
    cost.add_argument(
        "--egress", action="store_true", help="add the data that leave the cloud, at AWS"
    )
    cost.add_argument("--items", action="store_true", help="show events, units and prices")
    cost.add_argument(
        "--out", type=Path, metavar="DIR", help="draw the charts there; default: RUN/charts"
    )
    cost.add_argument("--no-charts", action="store_true", help="draw no charts")
    cost.add_argument("--json", action="store_true", help="everything as JSON")
    cost.set_defaults(run=_cost)

    energy = commands.add_parser(
        "energy",
        help="what each transport asks of a phone's battery, from a run or from closed rules",
        description="Drive a radio's states (promotion, active, tail, idle) by the times at which a"
        " client sends and receives: those of a run, or predicted ones.",
        epilog="Quantities take units: 1/min, 5s, 300B, 15Wh.",
    )
    energy.add_argument("folder", nargs="?", type=Path, metavar="RUN", help="a run's folder")
    _add_load(energy)
    energy.add_argument(
        "--keep-alive", metavar="T", help="of push, after silence; 0: none; default: 60s"
    )
    energy.add_argument("--radio", metavar="A,B", help="lte, 3g, wifi; default: all")
    energy.add_argument("--battery", default="15Wh", metavar="WH", help="default: 15Wh")
    energy.add_argument(
        "--out", type=Path, metavar="DIR", help="draw the timeline there; default: RUN/charts"
    )
    energy.add_argument("--no-charts", action="store_true", help="draw no chart")
    energy.add_argument("--json", action="store_true", help="everything as JSON")
    energy.set_defaults(run=_energy)

    predict = commands.add_parser(
        "predict",
        help="what N clients come to, by closed forms and by simulation",
        description="Predict hits, latency, servers and cost for a number of clients, each figure"
        " by closed form and by simulation; or hold a run against its models.",
        epilog="Quantities take units: 1e6, 1/min, 5s, 300B, 4GiB.",
    )
    predict.add_argument("--clients", metavar="N", help="clients")
    _add_load(predict)
    predict.add_argument("--one-way", metavar="T", help="the network's delay; default: 0s")
    predict.add_argument("--per-channel", metavar="N", help="clients on a channel; default: 1")
    predict.add_argument(
        "--calibrate", type=Path, metavar="RUN", help="a run or sweep: what the server costs"
    )
    predict.add_argument(
        "--headroom", type=number("0.5"), default=0.5, metavar="X", help="of servers; default: 0.5"
    )
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
    predict.add_argument("--json", action="store_true", help="everything as JSON")
    predict.set_defaults(run=_predict)

    lost = commands.add_parser(
        "crossovers",
        help="when push loses: the loads from which asking is cheaper",
        description="When push loses: each crossover as a number, with its formula and the scenario"
        " that measures it.",
        epilog="Quantities take units: 5s, 300B, 20ms.",
    )
    lost.add_argument("--poll-interval", metavar="T", help="of short polling; default: 5s")
    lost.add_argument("--payload", metavar="SIZE", help="of a message; default: 100B")
    lost.add_argument("--one-way", metavar="T", help="the network's delay; default: 20ms")
    lost.add_argument("--clients", metavar="N", help="on one channel; default: 1000")
    lost.add_argument(
        "--calibrate", type=Path, metavar="RUN", help="a run or sweep: what the server costs"
    )
    lost.add_argument("--out", type=Path, metavar="DIR", help="draw the chart there")
    lost.add_argument("--json", action="store_true", help="everything as JSON")
    lost.set_defaults(run=_crossovers)


def _add_load(command: argparse.ArgumentParser) -> None:
    """What one client gets, and how its transport asks for it."""
    command.add_argument("--rate-per-client", metavar="R", help="messages that each client gets")
    command.add_argument("--poll-interval", metavar="T", help="of short polling; default: 5s")
    command.add_argument("--payload", metavar="SIZE", help="of a message; default: 100B")
    command.add_argument("--hold", metavar="T", help="of long polling; default: 30s")


def _cost(arguments: argparse.Namespace) -> int:
    from pushlab.commands.cost import Ask, cost

    return cost(
        Ask(
            folder=arguments.folder,
            clients=arguments.clients,
            rate_per_client=arguments.rate_per_client,
            poll_interval=arguments.poll_interval,
            payload=arguments.payload,
            hold=arguments.hold,
            one_way=arguments.one_way,
            per_channel=arguments.per_channel,
            offers=arguments.offers,
            prices=arguments.prices,
            free_tier=arguments.free_tier,
            egress=arguments.egress,
            headroom=arguments.headroom,
            with_charts=not arguments.no_charts,
            with_items=arguments.items,
            out=arguments.out,
            as_json=arguments.json,
        )
    )


def _energy(arguments: argparse.Namespace) -> int:
    from pushlab.commands.energy import Ask, energy

    return energy(
        Ask(
            folder=arguments.folder,
            rate_per_client=arguments.rate_per_client,
            poll_interval=arguments.poll_interval,
            payload=arguments.payload,
            hold=arguments.hold,
            keep_alive=arguments.keep_alive,
            radio=arguments.radio,
            battery=arguments.battery,
            out=arguments.out,
            with_charts=not arguments.no_charts,
            as_json=arguments.json,
        )
    )


def _predict(arguments: argparse.Namespace) -> int:
    from pushlab.commands.predict import Ask, predict, validate_run

    if arguments.validate is not None:
        given = [
            name for name in ("clients", "rate_per_client", "calibrate") if vars(arguments)[name]
        ]
        if given:
            flag = f"--{given[0].replace('_', '-')}"
            raise UsageError(f"--validate does not go with {flag}: the run has all that it needs")
        return validate_run(arguments.validate, as_json=arguments.json)
    return predict(
        Ask(
            clients=arguments.clients,
            rate_per_client=arguments.rate_per_client,
            poll_interval=arguments.poll_interval,
            payload=arguments.payload,
            hold=arguments.hold,
            one_way=arguments.one_way,
            per_channel=arguments.per_channel,
            headroom=arguments.headroom,
            server_memory=arguments.server_memory,
            calibrate=arguments.calibrate,
            seed=arguments.seed,
            every_client=arguments.every_client,
            as_json=arguments.json,
        )
    )


def _crossovers(arguments: argparse.Namespace) -> int:
    from pushlab.commands.crossovers import show_crossovers

    return show_crossovers(
        poll_interval=arguments.poll_interval,
        payload=arguments.payload,
        one_way=arguments.one_way,
        clients=arguments.clients,
        known_from=arguments.calibrate,
        out=arguments.out,
        as_json=arguments.json,
    )
