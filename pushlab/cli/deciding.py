"""The commands that help to decide: what a load comes to, and whether a run is good enough."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pushlab.cli.arguments import (
    Group,
    Parser,
    add_architecture,
    add_folder,
    add_json,
    add_no_charts,
    assumed,
    lazily,
    number,
    quantity,
    whole,
)
from pushlab.cli.gating import add_gate
from pushlab.cli.workloads import add_workload
from pushlab.errors import UsageError
from pushlab.quantities import (
    parse_bytes,
    parse_number,
    parse_rate_per_s,
    parse_seconds,
    parse_watt_hours,
)

__all__ = ["add_commands"]

_RATE = "messages that each client gets"
_KEEP_ALIVE = "of push, after silence; 0: none; default: as declared"
_TODAY = "polling as it is: 'poll 5s, 3 servers of 4 cores at 40%% CPU, 2ms CPU per poll'"
_CALIBRATE = "a run or sweep: what the server costs"
#: The flags that say a load: the keyword of `Workload`, what stands for the value, its reader, what
#: it is, and its default.
_LOAD: Mapping[str, tuple[str, str, Callable[..., float], str, str | None]] = {
    "--clients": ("clients", "N", parse_number, "clients", None),
    "--rate-per-client": ("rate_per_s", "R", parse_rate_per_s, _RATE, None),
    "--poll-interval": ("interval_s", "T", parse_seconds, "of short polling", "5s"),
    "--payload": ("payload_bytes", "SIZE", parse_bytes, "of a message", "100B"),
    "--hold": ("hold_s", "T", parse_seconds, "of long polling; default: as declared", None),
    "--keep-alive": ("keep_alive_s", "T", parse_seconds, _KEEP_ALIVE, None),
    "--one-way": ("one_way_s", "T", parse_seconds, "the network's delay", "0s"),
    "--per-channel": ("per_channel", "N", parse_number, "clients that share a channel", "1"),
    "--server-memory": ("server_bytes", "SIZE", parse_bytes, "of one server", "4GiB"),
}
#: What one client gets, and how its transport asks for it.
_OF_CLIENT = ("--rate-per-client", "--poll-interval", "--payload", "--hold")


def add_commands(group: Group) -> None:
    """Add advise, workload, predict, crossovers, cost, energy, check and gate."""
    _add_advise(group)
    add_workload(group)
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
        " Three answers: met; FAILED; not known, where an interval spans the limit or a mark could"
        " have carried the figure across, with the trials that it needs."
        " Exit status: 0 all met, 1 one failed, 2 an objective is malformed, 3 one is not known.",
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
    add_gate(group)


def _add_advise(group: Group) -> None:
    advise = group.add(
        "advise",
        "the answer in one page: which transport, on what, for how much",
        run=lazily("pushlab.commands.advise:advise_on"),
        more="Advise on a run's load, or on one that is said: which transport in which"
        " architecture, what it costs, saves and needs, what would change that, and where polling"
        " is the right choice. Each sentence has the figures that it rests on.",
        units="1e6, 6/min or 1/10s, 5s, 300B, 2KiB",
        examples=(
            "advise --clients 50000 --rate-per-client 6/min --payload 300B --today 'poll 5s'",
            "advise results/reference --clients 1e6 --out advice.html",
        ),
    )
    _add_run(advise)
    _add_load(advise, "--clients", about="clients; with a run: scaled to so many")
    _add_load(advise, *_OF_CLIENT, "--one-way", "--per-channel")
    advise.flag("--today", "TEXT", _TODAY)
    advise.flag(
        "--log", "DIR", "of `workload from-log`: its load, but for the flags given", type=Path
    )
    advise.flag("--calibrate", "RUN", _CALIBRATE, type=Path)
    add_architecture(advise)
    advise.flag("--prices", "CSV", "prices of your own, put over ours", type=Path)
    advise.flag("--out", "FILE", "write it as an HTML page, too", type=Path)
    add_json(advise, "everything as JSON")


def _add_cost(group: Group) -> None:
    cost = group.add(
        "cost",
        "what a month costs in whole architectures, from a run or from closed forms",
        run=_cost,
        more="Price a month of a run's traffic, or of traffic by closed form, in whole"
        " architectures at list prices, from low to high; and find the poll interval from which"
        " polling is cheaper.",
        units="1e6, 6/min or 1/10s, 5s, 300B, 2KiB",
        examples=(
            "cost results/reference --no-charts",
            "cost --clients 1e5 --rate-per-client 1/min --poll-interval 5s",
        ),
    )
    _add_run(cost)
    _add_load(cost, "--clients", about="clients; with a run: scaled to so many")
    _add_load(cost, *_OF_CLIENT, "--one-way", "--per-channel")
    cost.flag("--today", "TEXT", _TODAY)
    add_architecture(cost)
    cost.flag("--assume", "NAME=X,...", "guesses that you know", type=quantity(assumed))
    cost.flag("--prices", "CSV", "prices of your own, put over ours", type=Path)
    cost.switch("--book", "print the prices instead: tiers, rule, source, day and strength of each")
    cost.switch("--no-egress", "leave out the data that leave the cloud", dest="egress")
    cost.switch("--items", "show events, units and prices", dest="with_items")
    cost.switch("--sensitivity", "show and draw what each guess does to each bill")
    cost.flag("--out", "DIR", "draw the charts there; default: RUN/charts", type=Path)
    add_no_charts(cost)
    add_json(cost, "everything as JSON")


def _add_energy(group: Group) -> None:
    energy = group.add(
        "energy",
        "what each transport asks of a phone's battery, from a run or from closed rules",
        run=lazily("pushlab.commands.energy:energy"),
        more="Drive a radio's states (promotion, active, tail, idle) by the times at which a client"
        " sends and receives: those of a run, or predicted ones.",
        units="1/min, 5s, 300B, 15Wh",
        examples=(
            "energy --rate-per-client 1/h --radio lte",
            "energy results/reference --no-charts",
        ),
    )
    _add_run(energy)
    _add_load(energy, *_OF_CLIENT, "--keep-alive")
    energy.flag("--radio", "A,B", "lte, 3g, wifi; default: all")
    read = quantity(parse_watt_hours)
    energy.flag("--battery", "WH", type=read, default="15Wh", dest="battery_wh")
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
        units="1e6, 6/min or 1/10s, 5s, 300B, 4GiB",
        examples=(
            "predict --clients 1e6 --rate-per-client 1/h",
            "predict --validate results/reference",
        ),
    )
    _add_load(predict, "--clients", *_OF_CLIENT, "--one-way", "--per-channel")
    predict.flag(
        "--log", "DIR", "of `workload from-log`: its load, but for the flags given", type=Path
    )
    predict.set_defaults(given=())
    predict.flag("--calibrate", "RUN", _CALIBRATE, type=Path)
    _add_headroom(predict)
    _add_load(predict, "--server-memory")
    predict.flag("--seed", "N", "of the simulation", type=whole("1"), default=1, dest="load seed")
    predict.flag(
        "--backplane",
        "NAME",
        "that several hubs share, with its own costs: redis",
        dest="load backplane",
        action=_Noted,
    )
    every = "simulate every client, not a sample of them"
    predict.switch("--every-client", every, dest="load every_client")
    predict.flag(
        "--validate",
        "RUN",
        "models beside what a run measured; exit status 0: they agree, 1: not, 3: unknown",
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
    _add_load(lost, "--poll-interval", "--payload")
    _add_load(lost, "--one-way", default="20ms")
    _add_load(lost, "--clients", about="on one channel", default="1000")
    lost.flag("--calibrate", "RUN", _CALIBRATE, type=Path, dest="known_from")
    lost.flag("--out", "DIR", "draw the chart there", type=Path)
    add_json(lost, "everything as JSON")


class _Noted(argparse.Action):
    """Keeps a flag's value, and that it was given where a run may stand in its place."""

    def __call__(self, _: Any, asked: argparse.Namespace, value: Any, flag: Any = None) -> None:
        setattr(asked, self.dest, value)
        if hasattr(asked, "given"):
            asked.given += (self.option_strings[0],)


def _add_run(command: Parser) -> None:
    """A run in place of a load; ``given`` has what was said of the load all the same."""
    command.add_argument("folder", nargs="?", type=Path, metavar="RUN", help="a run's folder")
    command.set_defaults(given=())


def _add_load(command: Parser, *flags: str, **other: str) -> None:
    """Flags of `_LOAD`, whose values go into ``load``; `other`: words, or another default."""
    for flag in flags:
        key, letter, read, about, default = _LOAD[flag]
        options: dict[str, Any] = {"about": about, "default": default, **other}
        command.flag(
            flag, letter, dest=f"load {key}", type=quantity(read), action=_Noted, **options
        )


def _add_headroom(command: Parser) -> None:
    command.flag(
        "--headroom", "X", "of servers", type=number("0.5"), default=0.5, dest="load headroom"
    )


def _cost(*, book: bool, **asked: Any) -> int:
    from pushlab.commands.cost import cost, show_book

    if not book:
        return cost(**asked)
    if said := [*asked["given"], *(["a run"] if asked["folder"] else [])]:
        raise UsageError(f"--book does not go with {said[0]}: it prints prices and no bill")
    return show_book(asked["prices"], as_json=asked["as_json"])


def _predict(*, validate: Path | None, **asked: Any) -> int:
    from pushlab.commands.predict import predict, validate_run

    if validate is None:
        return predict(**asked)
    beside = {"--calibrate": "calibrate", "--log": "log"}
    given = [*asked["given"], *(flag for flag, key in beside.items() if asked[key])]
    if given:
        flag = given[0]
        raise UsageError(f"--validate does not go with {flag}: the run has all that it needs")
    return validate_run(validate, as_json=asked["as_json"])
