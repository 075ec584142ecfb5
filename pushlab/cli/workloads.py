"""The command that reads a workload from an application's own log."""

from pathlib import Path

from pushlab.cli.arguments import Group, add_json, lazily, quantity
from pushlab.errors import UsageError
from pushlab.quantities import parse_bytes

__all__ = ["add_workload"]


def add_workload(group: Group) -> None:
    """Add workload."""
    command = group.add(
        "workload",
        "what your own access log says of polls, and a scenario that replays it",
        run=_workload,
        more="Read access logs (nginx's and Apache's combined and JSON, Caddy, ALB, CloudFront,"
        " IIS; gzip too; rotated ones in any order): who polls how often, how much of it in vain"
        " and by what sign, hour by hour. Write a folder: a scenario with its trace, for compare,"
        " and the findings, for predict. Addresses, agents and queries are kept nowhere.",
        units="300B, 2KiB",
        examples=(
            "workload from-log access.log --path '/api/poll*'",
            "workload from-log access.log access.log.1 --path /poll --message-size 300B --json",
        ),
    )
    command.add_argument("what", choices=("from-log",), help="where it comes from")
    command.add_argument("logs", nargs="+", type=Path, metavar="LOG", help="an access log; .gz too")
    command.flag("--path", "PATTERN", "which requests are polls; * is anything", required=True)
    command.flag(
        "--key",
        "NAME",
        "the parameter of the query that tells clients apart; default: address and user agent",
        default="",
        type=str,
    )
    command.flag(
        "--empty",
        "BYTES",
        "the size of an answer that brings nothing, or two with a dash; default: 204, 304, or the"
        " size that comes again and again",
        type=quantity(_sizes),
    )
    command.flag(
        "--message-size",
        "SIZE",
        "of a message in an answer; default: a range",
        type=quantity(parse_bytes),
        dest="message_bytes",
    )
    command.switch("--busiest", "replay the busiest stretch, not a usual one")
    command.flag("--out", "DIR", "a new folder; default: results/LOG-log", type=Path)
    add_json(command, "the findings as JSON")


def _sizes(text: str) -> tuple[int, int]:
    """One size or two. Raises UsageError."""
    low, dash, high = text.partition("-")
    try:
        least, most = parse_bytes(low), parse_bytes(high if dash else low)
    except UsageError as error:
        raise UsageError(f"{text!r} is not a size such as 13 or 410-420") from error
    if not 0 <= least <= most < 4096 or least % 1 or most % 1:
        told = "whole numbers of bytes below 4,096, the smaller first"
        raise UsageError(f"{text!r} is not a size such as 13 or 410-420: {told}")
    return int(least), int(most)


def _workload(*, what: str, **asked: object) -> int:
    return lazily("pushlab.commands.from_log:from_log")(**asked)
