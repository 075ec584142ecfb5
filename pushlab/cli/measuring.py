"""The commands that measure: arguments to calls."""

import argparse
from pathlib import Path

from pushlab.cli.arguments import (
    Commands,
    add_folder,
    listed,
    number,
    rate_per_s,
    run_folder,
    seconds,
    whole,
)

__all__ = ["add_commands"]

_UNITS = "Quantities may have units: 1e3, 1/min, 500ms, 2min; without one they are as said above."


def add_commands(commands: Commands) -> None:
    """Add compare, capacity, resume and reproduce."""
    compare = commands.add_parser(
        "compare",
        help="put the same work on several transports and measure",
        description="Put the same work on several transports; write a run's folder and charts."
        " A list of numbers, in the file or as --clients 50,100,200, makes a sweep.",
        epilog=_UNITS,
    )
    compare.add_argument(
        "scenario",
        nargs="?",
        default="quick",
        help="a standard scenario (see: pushlab scenarios) or a TOML file; default: quick",
    )
    compare.add_argument("--transports", metavar="A,B,...", help="only these (names or labels)")
    clients, rate = listed(whole("50 or 1e3"), "50,100"), listed(rate_per_s, "1,10")
    span = listed(seconds, "0.5,5")
    compare.add_argument("--clients", type=clients, metavar="N", help="subscribers")
    compare.add_argument("--rate", type=rate, metavar="R", help="messages/s on each channel")
    compare.add_argument("--poll-interval", type=span, metavar="S", help="seconds between polls")
    compare.add_argument("--duration", type=span, metavar="S", help="seconds measured per trial")
    ms, kbit = listed(number("80"), "20,80"), listed(number("2000"), "500,2000")
    compare.add_argument(
        "--one-way-ms", type=ms, metavar="MS", help="emulate a link: milliseconds each way"
    )
    compare.add_argument("--jitter-ms", type=ms, metavar="MS", help="of the link: plus or minus")
    compare.add_argument(
        "--kbit-per-s", type=kbit, metavar="K", help="of the link: bandwidth of each connection"
    )
    compare.add_argument(
        "--tls", action=argparse.BooleanOptionalAction, help="encrypt every connection, or none"
    )
    compare.add_argument(
        "--client",
        choices=("python", "browser", "both"),
        help="who subscribes: the swarm, channel.js in headless Chromium, or first one, then the"
        " other; default: what the scenario says, mostly python",
    )
    compare.add_argument(
        "--no-pinning",
        action="store_true",
        help="let server and load generator run on the same cores",
    )
    compare.add_argument(
        "--trials", type=whole("3"), metavar="N", help="repetitions of each transport"
    )
    compare.add_argument(
        "--seed", type=whole("1"), metavar="N", help="of schedules, phases and order"
    )
    compare.add_argument(
        "--broker",
        metavar="B",
        help="auto (Mosquitto if installed, else embedded), embedded, mosquitto, or a URL",
    )
    compare.add_argument(
        "--out",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="where the run's folder goes",
    )
    compare.add_argument(
        "--replace", type=Path, metavar="DIR", help="write the run to DIR itself, in place of it"
    )
    compare.add_argument(
        "--resume", type=Path, metavar="DIR", help="go on with this sweep of the same scenario"
    )
    compare.add_argument("--no-charts", action="store_true", help="draw no charts, write no report")
    compare.add_argument(
        "--json", action="store_true", help="the summary as JSON on stdout; the rest on stderr"
    )
    compare.set_defaults(run=_compare)

    capacity = commands.add_parser(
        "capacity",
        help="raise the load until an objective breaks",
        description="Raise the number of clients (or the rate) until an objective breaks, and say"
        " what ran out.",
        epilog=_UNITS,
    )
    capacity.add_argument("transport", help="one transport (name, or label in the scenario)")
    capacity.add_argument(
        "--slo",
        action="append",
        required=True,
        metavar="OBJECTIVE",
        help="such as 'p95<100ms' or 'lost==0'; may be given several times",
    )
    capacity.add_argument(
        "--scenario", default="capacity", help="name or TOML file of the rest; default: capacity"
    )
    capacity.add_argument(
        "--vary", choices=("clients", "rate"), default="clients", help="default: clients"
    )
    capacity.add_argument("--start", type=number("50"), metavar="N", help="default: the scenario's")
    capacity.add_argument(
        "--max",
        type=number("5000 or 5e3"),
        metavar="N",
        help="default: 20,000 clients; 10,000 messages/s",
    )
    capacity.add_argument(
        "--precision",
        type=number("0.1"),
        default=0.1,
        metavar="P",
        help="of the answer; default: 0.1",
    )
    capacity.add_argument(
        "--clients", type=whole("50 or 1e3"), metavar="N", help="with --vary rate"
    )
    capacity.add_argument("--rate", type=rate_per_s, metavar="R", help="messages/s on each channel")
    capacity.add_argument(
        "--poll-interval", type=seconds, metavar="S", help="seconds between polls"
    )
    capacity.add_argument(
        "--duration", type=seconds, metavar="S", help="seconds measured, at least"
    )
    capacity.add_argument(
        "--trials",
        type=whole("3"),
        default=1,
        metavar="N",
        help="per load; more than half must hold",
    )
    capacity.add_argument("--seed", type=whole("1"), metavar="N", help="of schedules and phases")
    capacity.add_argument("--broker", metavar="B", help="as for compare")
    capacity.add_argument(
        "--out", type=Path, default=Path("results"), metavar="DIR", help="where the folder goes"
    )
    capacity.add_argument(
        "--no-pinning",
        action="store_true",
        help="let server and load generator run on the same cores",
    )
    capacity.add_argument("--no-charts", action="store_true", help="draw no chart")
    capacity.add_argument(
        "--json", action="store_true", help="the result as JSON on stdout; the rest on stderr"
    )
    capacity.set_defaults(run=_capacity)

    resume = commands.add_parser(
        "resume",
        help="go on with a sweep that was stopped or killed",
        description="Run those trials of a sweep that have not ended yet, and no others.",
    )
    add_folder(resume, "a sweep's")
    resume.add_argument("--no-charts", action="store_true", help="draw no charts")
    resume.add_argument(
        "--json", action="store_true", help="the grid as JSON on stdout; the rest on stderr"
    )
    resume.set_defaults(run=_resume)

    again = commands.add_parser(
        "reproduce",
        help="run published experiments again, and check their claims",
        description="Run published experiments at laptop scale: published, predicted and measured"
        " side by side, pass or fail for each claim. Exit status 1 if a claim fails.",
    )
    again.add_argument("names", nargs="*", metavar="NAME", help="see --list; or a TOML file")
    again.add_argument("--list", action="store_true", help="list them")
    again.add_argument("--all", action="store_true", help="all that come with pushlab")
    again.add_argument(
        "--out",
        type=Path,
        default=Path("results/reproductions"),
        metavar="DIR",
        help="where runs, charts and figures go; default: results/reproductions",
    )
    again.add_argument(
        "--json", action="store_true", help="the claims as JSON on stdout; the rest on stderr"
    )
    again.set_defaults(run=_reproduce)


def _compare(arguments: argparse.Namespace) -> int:
    from pushlab.commands.compare import compare

    return compare(
        arguments.scenario,
        overrides={
            "transports": arguments.transports.split(",") if arguments.transports else None,
            "clients": arguments.clients,
            "rate_per_s": arguments.rate,
            "poll_interval_s": arguments.poll_interval,
            "duration_s": arguments.duration,
            "trials": arguments.trials,
            "seed": arguments.seed,
            "broker": arguments.broker,
            "one_way_ms": arguments.one_way_ms,
            "jitter_ms": arguments.jitter_ms,
            "kbit_per_s": arguments.kbit_per_s,
            "tls": arguments.tls,
            "client": arguments.client,
        },
        out=arguments.out,
        replace=arguments.replace,
        again=arguments.resume,
        pinning=not arguments.no_pinning,
        with_charts=not arguments.no_charts,
        as_json=arguments.json,
    )


def _capacity(arguments: argparse.Namespace) -> int:
    from pushlab.commands.capacity import capacity

    return capacity(
        arguments.transport,
        objectives=arguments.slo,
        scenario_name=arguments.scenario,
        overrides={
            "clients": arguments.clients,
            "rate_per_s": arguments.rate,
            "poll_interval_s": arguments.poll_interval,
            "duration_s": arguments.duration,
            "seed": arguments.seed,
            "broker": arguments.broker,
        },
        vary="clients" if arguments.vary == "clients" else "rate_per_s",
        start=arguments.start,
        most=arguments.max,
        precision=arguments.precision,
        trials=arguments.trials,
        out=arguments.out,
        pinning=not arguments.no_pinning,
        with_charts=not arguments.no_charts,
        as_json=arguments.json,
    )


def _resume(arguments: argparse.Namespace) -> int:
    from pushlab.commands.sweep import resume

    return resume(
        run_folder(arguments), with_charts=not arguments.no_charts, as_json=arguments.json
    )


def _reproduce(arguments: argparse.Namespace) -> int:
    from pushlab.commands.reproduce import list_reproductions, reproduce

    if arguments.list:
        return list_reproductions()
    names = arguments.names
    if arguments.all:
        from pushlab.analysis.papers.reproductions import builtin_reproductions

        names = builtin_reproductions()
    return reproduce(names, out=arguments.out, as_json=arguments.json)
