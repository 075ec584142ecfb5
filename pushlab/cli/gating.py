"""`pushlab gate`: of two runs, or of two programs that are run by turns."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pushlab.cli.arguments import Group, add_json, quantity
from pushlab.errors import UsageError
from pushlab.quantities import parse_seconds, parse_share

__all__ = ["add_gate"]

#: How many `gate --run` makes, unless told otherwise.
_PAIRS = 30


def add_gate(group: Group) -> None:
    """Add gate."""
    gate = group.add(
        "gate",
        "pass or fail a change by what it costs, for CI",
        run=_gate,
        more="Judge the run NEW against the run BASE, or, with --run, two programs that are run by"
        " turns until the answer is known. A figure fails where it got worse and the interval of"
        " NEW/BASE reaches 1 + worse or beyond, passes where the interval lies below that, and is"
        " inconclusive otherwise: then it is said how many trials would tell. Exit status: 0 pass,"
        " 1 fail, 2 something cannot be read or run, 3 inconclusive.",
        units="20%, 5min",
        examples=(
            "gate results/reference results/reference --figure sse.bytes_per_delivery --worse 10%",
            "gate --run 'base/pushlab compare gate.toml' 'pushlab compare gate.toml'"
            " --figure sse.p99 --worse 20%",
        ),
    )
    gate.add_argument("base", nargs="?", type=Path, metavar="BASE", help="a run's folder")
    gate.add_argument("new", nargs="?", type=Path, metavar="NEW", help="another")
    for name, letter, read, about in (
        ("--figure", "FIGURE", str, "such as sse.latency_s.p99; may be given several times"),
        ("--worse", "PERCENT", quantity(parse_share), "too much; one for all, or one for each"),
    ):
        dest = f"{name[2:]}s" if name == "--figure" else name[2:]
        gate.flag(name, letter, about, action="append", default=[], dest=dest, type=read)
    gate.add_argument(
        "--run",
        nargs=2,
        metavar=("COMMAND", "COMMAND"),
        dest="commands",
        help="BASE's and NEW's in place of runs; {out} in them is the folder to write a run to,"
        " else --out FOLDER is put at the end",
    )
    gate.flag(
        "--at-most",
        "N",
        "pairs with --run, or a time such as 5min; default: 30 pairs",
        type=quantity(_at_most),
    )
    gate.flag("--out", "DIR", "where the runs go; default: results", type=Path)
    gate.flag("--junit", "FILE", "write JUnit XML; inconclusive is an error there", type=Path)
    gate.flag("--markdown", "FILE", "write a summary for a pull request; -: on stdout", type=Path)
    add_json(gate, "the answers as JSON")


def _at_most(text: str) -> tuple[int | None, float | None]:
    """So many pairs, or so many seconds."""
    pairs, seconds = (int(text), None) if text.strip().isdecimal() else (None, parse_seconds(text))
    if (pairs or seconds or 0) <= 0:
        raise UsageError(f"{text!r} is not above zero")
    return pairs, seconds


def _gate(
    *,
    base: Path | None,
    new: Path | None,
    commands: Sequence[str] | None,
    at_most: tuple[int | None, float | None] | None,
    out: Path | None,
    junit: Path | None,
    markdown: Path | None,
    as_json: bool,
    **asked: Any,
) -> int:
    from pushlab.commands.gate import Wanted, gate

    wanted = Wanted(as_json, junit, markdown)
    if commands is None:
        if base is None or new is None:
            raise UsageError("gate takes two runs, BASE and NEW, or --run with two commands")
        if at_most or out:
            raise UsageError(f"{'--at-most' if at_most else '--out'} goes with --run alone")
        return gate(base, new, wanted=wanted, **asked)
    if base is not None:
        raise UsageError("--run makes its own runs: name none beside it")
    from pushlab.commands.interleaved import AtMost, interleave

    most = AtMost(*(at_most or (_PAIRS, None)))
    return interleave(commands, at_most=most, out=out or Path("results"), wanted=wanted, **asked)
