"""The commands that measure."""

from pathlib import Path
from typing import Any

from pushlab.cli.arguments import (
    Group,
    Parser,
    add_architecture,
    add_folder,
    add_json,
    add_keys,
    add_no_charts,
    lazily,
    names,
    number,
    quantity,
    whole,
)
from pushlab.cli.probing import add_probe
from pushlab.cli.systems import add_cluster, add_may_load, add_system, add_systems_flag
from pushlab.cli.verifying import add_verify
from pushlab.lab.scenario.model import scenario_keys
from pushlab.quantities import parse_bytes, parse_number, parse_rate_per_s, parse_seconds

__all__ = ["add_commands"]

_UNITS = "1e3, 1/min, 500ms, 2min, 2KiB"
#: Of the keys, those that say how often a run repeats itself.
_REPEATED = ("trials", "until", "at_most_s")
_REST = "as JSON on stdout; the rest on stderr"

_COMPARE = (
    "Put the same work on several transports; write a run's folder and charts. A list of numbers,"
    " in the file or as --clients 50,100,200, makes a sweep. Exit status: 0 done, 1 a trial failed,"
    " 2 what was asked for is wrong; with --strict 3: not known, the machine is too busy."
)


def add_commands(group: Group) -> None:
    """Add probe, verify, compare, savings, capacity, resume and reproduce."""
    add_probe(group)
    add_verify(group)
    _add_compare(group)
    _add_savings(group)
    _add_capacity(group)
    resume = group.add(
        "resume",
        "go on with a sweep that was stopped or killed",
        run=lazily("pushlab.commands.sweep:resume"),
        more="Run those trials of a sweep that have not ended yet, and no others.",
        examples=("resume", "resume results/20260101T120000Z-quick-sweep-1f2e3d --no-charts"),
    )
    add_folder(resume, "a sweep's")
    add_may_load(resume)
    add_cluster(resume)
    add_no_charts(resume)
    add_json(resume, f"the grid {_REST}")
    again = group.add(
        "reproduce",
        "run published experiments again, and check their claims",
        run=_reproduce,
        more="Run published experiments at laptop scale: published, predicted and measured side by"
        " side, pass or fail for each claim. Exit status 1 if a claim fails.",
        examples=("reproduce --list", "reproduce --all --json"),
    )
    again.add_argument("names", nargs="*", metavar="NAME", help="see --list; or a TOML file")
    again.switch("--list", "list them", dest="listing")
    again.switch("--all", "all of pushlab's own", dest="all_known")
    _add_out(again, "results/reproductions", "where runs, charts and figures go")
    add_json(again, f"the claims {_REST}")


def _add_compare(group: Group) -> None:
    compare = group.add(
        "compare",
        "put the same work on several transports and measure",
        run=lazily("pushlab.commands.compare:compare"),
        more=_COMPARE,
        units=_UNITS,
        examples=(
            "compare tiny --no-charts",
            "compare quick --transports sse,mqtt --until 'p50 ±10%' --at-most 5min --strict",
        ),
    )
    compare.add_argument(
        "scenario_name",
        nargs="?",
        default="quick",
        metavar="scenario",
        help="a standard scenario (see: pushlab scenarios) or a TOML file; default: quick",
    )
    compare.flag(
        "--transports",
        "A,B,...",
        "only these (names or labels)",
        type=names,
        dest="overrides transports",
    )
    add_systems_flag(compare)
    add_may_load(compare)
    add_cluster(compare)
    compare.flag(
        "--client",
        None,
        "who subscribes: the swarm, channel.js in headless Chromium, or first one, then the"
        " other; default: what the scenario says, mostly python",
        choices=("python", "browser", "both"),
        dest="overrides client",
    )
    _add_out(compare, "results", "where the run's folder goes")
    compare.flag("--replace", "DIR", "write the run to DIR itself, in place of it", type=Path)
    compare.flag(
        "--resume", "DIR", "go on with this sweep of the same scenario", type=Path, dest="again"
    )
    _add_no_pinning(compare)
    compare.switch(
        "--strict",
        "measure nothing on a machine too busy to tell these transports apart, and leave with 3"
        " where mean or median latency, hits, bytes or CPU came out marked",
    )
    compare.switch(
        "--no-verify",
        "do not look first, for some seconds, what other servers keep of the contract (see: pushlab"
        " verify)",
        dest="verify",
    )
    add_architecture(compare)
    add_no_charts(compare, "draw no charts, write no report")
    add_json(compare, f"the summary {_REST}")
    add_keys(compare, scenario_keys(), swept=True)


def _add_savings(group: Group) -> None:
    saved = group.add(
        "savings",
        "what moving off polling saves, on your application's own traffic",
        run=lazily("pushlab.commands.savings:savings"),
        more="Measure the Channel API's old polls beside push under your application's own load: as"
        " its access log has it, or as three numbers say. Tokens in a log are read past, and kept"
        " nowhere.",
        units="200, 2/min, 500ms, 300B",
        examples=(
            "savings access.log",
            "savings --users 200 --rate-per-user 2/min --poll-interval 500ms",
        ),
    )
    saved.add_argument(
        "log", nargs="?", type=Path, metavar="LOG", help="an access log with polls; .gz too"
    )
    numbers: tuple[tuple[str, str, str, Any, str], ...] = (
        ("--users", "N", "users", parse_number, "at once, on average over the day"),
        ("--rate-per-user", "R", "rate_per_s", parse_rate_per_s, "messages that each gets"),
        ("--poll-interval", "T", "interval_s", parse_seconds, "of the old polls; default: 500ms"),
        ("--payload", "SIZE", "payload_bytes", parse_bytes, "of a message; default: 100B"),
    )
    for flag, letter, key, read, about in numbers:
        saved.flag(flag, letter, about, dest=f"said {key}", type=quantity(read))
    saved.flag(
        "--transports",
        "A,B,...",
        "to move to; default: sse,websocket",
        type=names,
        dest="overrides transports",
    )
    saved.flag("--write", "FILE", "write the scenario, and measure nothing", type=Path)
    _add_out(saved, "results", "where the run's folder goes")
    add_json(saved, f"the figures {_REST}")
    keys = scenario_keys()
    add_keys(saved, {name: keys[name] for name in ("duration_s", "trials", "seed")}, swept=False)


def _add_capacity(group: Group) -> None:
    capacity = group.add(
        "capacity",
        "raise the load until an objective breaks",
        run=_capacity,
        more="Find the number of clients (or the rate) at which half of the trials meet the"
        " objectives, with a 95 % interval, and say what ran out. What a transport cannot do by its"
        " own rules, as polls every second cannot meet p95<100ms, is said without a trial.",
        units=_UNITS,
        examples=(
            "capacity sse --slo 'p95<100ms' --max 2000",
            "capacity long-polling --vary rate --clients 50 --slo lost==0 --duration 3s",
        ),
    )
    capacity.add_argument("transport", help="one transport (name, or label in the scenario)")
    capacity.flag(
        "--slo",
        "OBJECTIVE",
        "such as 'p95<100ms' or 'lost==0'; may be given several times",
        action="append",
        required=True,
        dest="objectives",
    )
    capacity.flag(
        "--scenario",
        None,
        "name or TOML file of the rest",
        default="capacity",
        dest="scenario_name",
    )
    add_system(capacity)
    add_may_load(capacity)
    capacity.flag("--vary", None, choices=("clients", "rate"), default="clients")
    capacity.flag("--start", "N", "default: the scenario's", type=number("50"))
    capacity.flag(
        "--max",
        "N",
        "default: 20,000 clients; 10,000 messages/s",
        type=number("5000 or 5e3"),
        dest="most",
    )
    capacity.flag(
        "--precision",
        "P",
        "how far the answer's 95 %% interval may reach to either side",
        type=number("0.1"),
        default=0.1,
    )
    capacity.flag("--trials", "N", "at most, in all", type=whole("40"), default=40)
    _add_out(capacity, "results", "where the folder goes")
    _add_no_pinning(capacity)
    add_no_charts(capacity, "draw no chart")
    add_json(capacity, f"the result {_REST}")
    keys = {name: key for name, key in scenario_keys().items() if name not in _REPEATED}
    add_keys(capacity, keys, swept=False)


def _add_out(command: Parser, default: str, about: str) -> None:
    command.flag("--out", "DIR", about, type=Path, default=Path(default))


def _add_no_pinning(command: Parser) -> None:
    command.switch(
        "--no-pinning", "let server and load generator run on the same cores", dest="pinning"
    )


def _capacity(vary: str, **asked: Any) -> int:
    from pushlab.commands.capacity import capacity

    return capacity(vary="clients" if vary == "clients" else "rate_per_s", **asked)


def _reproduce(*, names: list[str], listing: bool, all_known: bool, **asked: Any) -> int:
    from pushlab.analysis.papers.reproductions import builtin_reproductions
    from pushlab.commands.reproduce import list_reproductions, reproduce

    if listing:
        return list_reproductions()
    return reproduce(builtin_reproductions() if all_known else names, **asked)
