"""The command line: arguments to calls, and errors to one clear line.

Exit status: 0 done, 1 it could not be done here or a trial failed, 2 what was asked for is wrong,
130 interrupted by Ctrl-C.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pushlab
from pushlab.contract.registry import load_transport, transport_names
from pushlab.errors import PushlabError, UsageError

__all__ = ["main"]

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    arguments = _parser().parse_args(_with_negatives(words))
    try:
        status: int = arguments.run(arguments)
        return status
    except UsageError as error:
        print(f"pushlab: {error}", file=sys.stderr)
        return 2
    except PushlabError as error:
        print(f"pushlab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _with_negatives(words: Sequence[str]) -> list[str]:
    """`words` with ``--flag -1/s`` as one word, or argparse would take the value for a flag."""
    joined: list[str] = []
    for word in words:
        flag = joined[-1] if joined else ""
        if re.match(r"-[\d.]", word) and flag.startswith("--") and "=" not in flag:
            joined[-1] = f"{flag}={word}"
        else:
            joined.append(word)
    return joined


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pushlab", description="Measure and teach polling versus push."
    )
    parser.add_argument("--version", action="version", version=f"pushlab {pushlab.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    compare = commands.add_parser(
        "compare",
        help="put the same work on several transports and measure",
        description="Put the same work on several transports; write a run's folder and charts."
        " A list of numbers, in the file or as --clients 50,100,200, makes a sweep.",
    )
    compare.add_argument(
        "scenario",
        nargs="?",
        default="quick",
        help="a standard scenario (see: pushlab scenarios) or a TOML file; default: quick",
    )
    compare.add_argument("--transports", metavar="A,B,...", help="only these (names or labels)")
    whole, real = _numbers(int), _numbers(float)
    compare.add_argument("--clients", type=whole, metavar="N", help="subscribers")
    compare.add_argument("--rate", type=real, metavar="R", help="messages/s on each channel")
    compare.add_argument("--poll-interval", type=real, metavar="S", help="seconds between polls")
    compare.add_argument("--duration", type=real, metavar="S", help="seconds measured per trial")
    compare.add_argument(
        "--one-way-ms", type=real, metavar="MS", help="emulate a link: milliseconds each way"
    )
    compare.add_argument("--jitter-ms", type=real, metavar="MS", help="of the link: plus or minus")
    compare.add_argument(
        "--kbit-per-s", type=real, metavar="K", help="of the link: bandwidth of each connection"
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
    compare.add_argument("--trials", type=int, metavar="N", help="repetitions of each transport")
    compare.add_argument("--seed", type=int, metavar="N", help="of schedules, phases and order")
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
    capacity.add_argument("--start", type=float, metavar="N", help="default: the scenario's")
    capacity.add_argument(
        "--max", type=float, metavar="N", help="default: 20,000 clients; 10,000 messages/s"
    )
    capacity.add_argument(
        "--precision", type=float, default=0.1, metavar="P", help="of the answer; default: 0.1"
    )
    capacity.add_argument("--clients", type=int, metavar="N", help="with --vary rate")
    capacity.add_argument("--rate", type=float, metavar="R", help="messages/s on each channel")
    capacity.add_argument("--poll-interval", type=float, metavar="S", help="seconds between polls")
    capacity.add_argument("--duration", type=float, metavar="S", help="seconds measured, at least")
    capacity.add_argument(
        "--trials", type=int, default=1, metavar="N", help="per load; more than half must hold"
    )
    capacity.add_argument("--seed", type=int, metavar="N", help="of schedules and phases")
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
    resume.add_argument("folder", nargs="?", type=Path, help="a sweep's folder; default: newest")
    resume.add_argument("--no-charts", action="store_true", help="draw no charts")
    resume.add_argument(
        "--json", action="store_true", help="the grid as JSON on stdout; the rest on stderr"
    )
    resume.set_defaults(run=_resume)

    chart = commands.add_parser("chart", help="draw the charts of a run")
    chart.add_argument("folder", nargs="?", type=Path, help="a run's folder; default: the newest")
    chart.add_argument("--out", type=Path, metavar="DIR", help="default: RUN/charts")
    chart.set_defaults(run=_chart)

    report = commands.add_parser(
        "report",
        help="write a run as one HTML page",
        description="Write a run as one HTML page that needs nothing else: offline, for print too.",
    )
    report.add_argument("folder", nargs="?", type=Path, help="a run's folder; default: the newest")
    report.add_argument("--out", type=Path, metavar="FILE", help="default: RUN/report.html")
    report.add_argument(
        "--baseline", metavar="LABEL", help="what others are compared with; default: what asks"
    )
    report.add_argument("--open", action="store_true", help="open it in the browser")
    report.set_defaults(run=_report)

    show = commands.add_parser("show", help="print the table of a run")
    show.add_argument("folder", nargs="?", type=Path, help="a run's folder; default: the newest")
    show.add_argument("--json", action="store_true", help="the summary as JSON")
    show.set_defaults(run=_show)

    check = commands.add_parser(
        "check",
        help="judge a run by service level objectives",
        description="Judge a run by objectives such as 'sse.latency_s.p99<50ms', 'p95<0.1s' or"
        " '*.lost==0': a cell (default: all), a figure of its summary, a comparison, a limit."
        " Exit status: 0 all met, 1 not, 2 an objective is malformed.",
    )
    check.add_argument("folder", nargs="?", type=Path, help="a run's folder; default: the newest")
    check.add_argument(
        "--slo", action="append", default=[], metavar="OBJECTIVE", help="may be given repeatedly"
    )
    check.add_argument("--slo-file", type=Path, metavar="FILE", help="one in a line; # comments")
    check.add_argument("--json", action="store_true", help="the verdicts as JSON")
    check.set_defaults(run=_check)

    diff = commands.add_parser(
        "diff",
        help="what changed between two runs, beyond noise",
        description="What changed from run A to run B, beyond noise. Exit status: 0 no change,"
        " 1 something changed, 2 a run cannot be read.",
    )
    diff.add_argument("a", type=Path, metavar="RUN_A", help="a run's folder")
    diff.add_argument("b", type=Path, metavar="RUN_B", help="another")
    diff.add_argument(
        "--threshold",
        type=float,
        default=5.0,
        metavar="PERCENT",
        help="smaller differences are no change; default: 5",
    )
    diff.add_argument("--all", action="store_true", help="show what did not change, too")
    diff.add_argument("--json", action="store_true", help="every figure as JSON")
    diff.set_defaults(run=_diff)

    export = commands.add_parser(
        "export",
        help="write a run's rows as CSV, Parquet or JSON Lines",
        description="Write one table of a run; results/README.md describes the columns.",
    )
    export.add_argument("folder", nargs="?", type=Path, help="a run's folder; default: the newest")
    export.add_argument(
        "--what",
        default="deliveries",
        metavar="TABLE",
        help="deliveries (default), publishes, trials, summary, or another folder of rows",
    )
    export.add_argument(
        "--format", metavar="F", help="csv, parquet or jsonl; default: by the file's name, else csv"
    )
    export.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    export.add_argument("--force", action="store_true", help="replace a file that is there")
    export.set_defaults(run=_export)
    cost = commands.add_parser(
        "cost",
        help="what a month costs at public offers, from a run or from closed forms",
        description="Price a month of a run's traffic, or of traffic by closed form, at the list"
        " prices of public offers, and find the poll interval from which polling is cheaper.",
        epilog="Quantities take units: 1e6, 1/min, 5s, 300B, 2KiB.",
    )
    cost.add_argument("folder", nargs="?", type=Path, metavar="RUN", help="a run's folder")
    cost.add_argument("--clients", metavar="N", help="clients; with a run: scaled to so many")
    cost.add_argument("--rate-per-client", metavar="R", help="messages that each client gets")
    cost.add_argument("--poll-interval", metavar="T", help="of short polling; default: 5s")
    cost.add_argument("--payload", metavar="SIZE", help="of a message; default: 100B")
    cost.add_argument("--hold", metavar="T", help="of long polling; default: 30s")
    cost.add_argument("--one-way", metavar="T", help="the network's delay; default: 0s")
    cost.add_argument("--per-channel", metavar="N", help="clients that share a channel; default: 1")
    cost.add_argument("--offers", metavar="A,B,...", help="only these; default: all")
    cost.add_argument(
        "--prices", type=Path, metavar="CSV", help="prices of your own, put over ours"
    )
    cost.add_argument("--free-tier", action="store_true", help="take off what offers give away")
    cost.add_argument(
        "--headroom", type=float, default=0.5, metavar="X", help="of servers; default: 0.5"
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
    energy.add_argument("--rate-per-client", metavar="R", help="messages that each client gets")
    energy.add_argument("--poll-interval", metavar="T", help="of short polling; default: 5s")
    energy.add_argument("--hold", metavar="T", help="of long polling; default: 30s")
    energy.add_argument(
        "--keep-alive", metavar="T", help="of push, after silence; 0: none; default: 60s"
    )
    energy.add_argument("--payload", metavar="SIZE", help="of a message; default: 100B")
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
    predict.add_argument("--rate-per-client", metavar="R", help="messages that each client gets")
    predict.add_argument("--poll-interval", metavar="T", help="of short polling; default: 5s")
    predict.add_argument("--payload", metavar="SIZE", help="of a message; default: 100B")
    predict.add_argument("--hold", metavar="T", help="of long polling; default: 30s")
    predict.add_argument("--one-way", metavar="T", help="the network's delay; default: 0s")
    predict.add_argument("--per-channel", metavar="N", help="clients on a channel; default: 1")
    predict.add_argument(
        "--calibrate", type=Path, metavar="RUN", help="a run or sweep: what the server costs"
    )
    predict.add_argument(
        "--headroom", type=float, default=0.5, metavar="X", help="of servers; default: 0.5"
    )
    predict.add_argument("--server-memory", metavar="SIZE", help="of one server; default: 4GiB")
    predict.add_argument("--seed", type=int, default=1, metavar="N", help="of the simulation")
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

    listing = commands.add_parser("transports", help="list the transports, plug-ins included")
    listing.set_defaults(run=_transports)

    scenarios = commands.add_parser("scenarios", help="list the standard scenarios")
    scenarios.set_defaults(run=_scenarios)

    serve = commands.add_parser("serve", help="start a hub with its pages")
    serve.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1 (loopback only)")
    serve.add_argument("--port", type=int, default=8000, help="default: 8000; 0 takes a free one")
    serve.add_argument(
        "--broker",
        default="auto",
        metavar="B",
        help="auto, embedded, mosquitto, a URL, or none (no MQTT); default: auto",
    )
    serve.add_argument("--presence-url", metavar="URL", help="post presence to this application")
    serve.add_argument("--certfile", metavar="PEM", help="encrypt with this certificate (chain)")
    serve.add_argument("--keyfile", metavar="PEM", help="its private key; default: in --certfile")
    serve.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let pages of this origin in as well (https://example.org); may be repeated",
    )
    serve.add_argument("--no-pages", action="store_true", help="serve the API and transports alone")
    serve.add_argument("--open", action="store_true", help="open the race in the browser")
    serve.set_defaults(run=_serve)
    return parser


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


def _numbers(kind: type[int] | type[float]) -> Callable[[str], Any]:
    """What reads ``50`` as a number and ``50,100,200`` as a list of them."""

    def read(text: str) -> Any:
        found = [kind(word) for word in text.split(",")]
        return found[0] if len(found) == 1 else found

    read.__name__ = "whole number" if kind is int else "number"  # argparse names it in errors
    return read


def _resume(arguments: argparse.Namespace) -> int:
    from pushlab.commands.sweep import resume

    return resume(_folder(arguments), with_charts=not arguments.no_charts, as_json=arguments.json)


def _folder(arguments: argparse.Namespace) -> Path:
    from pushlab.runs import latest_run

    return arguments.folder or latest_run(Path("results"))


def _chart(arguments: argparse.Namespace) -> int:
    from pushlab.charts import draw_charts, draw_sweep
    from pushlab.runs import Run, load_folder

    found = load_folder(_folder(arguments))
    out = arguments.out or found.path / "charts"
    for path in draw_charts(found, out) if isinstance(found, Run) else draw_sweep(found, out):
        print(path)
    return 0


def _report(arguments: argparse.Namespace) -> int:
    from pushlab.commands.report import report

    print(
        report(
            _folder(arguments),
            out=arguments.out,
            baseline=arguments.baseline,
            show=arguments.open,
        )
    )
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from pushlab.commands import terminal
    from pushlab.runs import Run, load_folder

    found = load_folder(_folder(arguments))
    if isinstance(found, Run):
        if arguments.json:
            print(terminal.json_text(found.summary))
        else:
            terminal.print_run(found)
        return 0
    from pushlab.commands.capacity import print_capacity
    from pushlab.commands.grid_table import grid_json, print_sweep

    if arguments.json:
        print(terminal.json_text(grid_json(found)))
    elif found.kind == "capacity":
        print_capacity(found)
    else:
        print_sweep(found)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from pushlab.commands.check import check

    return check(_folder(arguments), arguments.slo, file=arguments.slo_file, as_json=arguments.json)


def _diff(arguments: argparse.Namespace) -> int:
    from pushlab.commands.diff import diff

    return diff(
        arguments.a,
        arguments.b,
        threshold=arguments.threshold,
        show_all=arguments.all,
        as_json=arguments.json,
    )


def _export(arguments: argparse.Namespace) -> int:
    from pushlab.commands.export import export

    return export(
        _folder(arguments),
        what=arguments.what,
        form=arguments.format,
        out=arguments.out,
        force=arguments.force,
    )


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


def _reproduce(arguments: argparse.Namespace) -> int:
    from pushlab.commands.reproduce import list_reproductions, reproduce

    if arguments.list:
        return list_reproductions()
    names = arguments.names
    if arguments.all:
        from pushlab.analysis.reproductions import builtin_reproductions

        names = builtin_reproductions()
    return reproduce(names, out=arguments.out, as_json=arguments.json)


def _transports(arguments: argparse.Namespace) -> int:
    names = transport_names()
    for name in names:
        try:
            title = load_transport(name).title
        except PushlabError as error:
            title = f"cannot be used: {error}"
        print(f"{name:<{max(map(len, names))}}  {title}")
    return 0


def _scenarios(arguments: argparse.Namespace) -> int:
    from pushlab.lab.scenario_file import builtin_scenarios, load_scenario

    names = builtin_scenarios()
    for name in names:
        print(f"{name:<{max(map(len, names))}}  {load_scenario(name).title}")
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    import uvloop

    from pushlab.commands.serve import serve_until_interrupted

    uvloop.run(
        serve_until_interrupted(
            host=arguments.host,
            port=arguments.port,
            broker=arguments.broker,
            presence_url=arguments.presence_url,
            api_key=os.environ.get("PUSHLAB_API_KEY"),
            certfile=arguments.certfile,
            keyfile=arguments.keyfile,
            allow_origins=arguments.allow_origin,
            pages=not arguments.no_pages,
            open_browser=arguments.open,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
