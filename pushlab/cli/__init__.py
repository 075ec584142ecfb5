"""The command line: arguments to calls, and errors to one clear line.

Exit status: 0 done, 1 it could not be done here or a trial failed, 2 what was asked for is wrong,
130 interrupted by Ctrl-C.
"""

import argparse
import os
import re
import sys
from collections.abc import Sequence

import pushlab
from pushlab.cli import deciding, learning, measuring, reading, serving
from pushlab.cli.arguments import Commands, Group, Parser, call_of, in_one_line
from pushlab.errors import PushlabError, UsageError

__all__ = ["main"]

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser, commands = _parser()
    try:
        arguments, unknown = parser.parse_known_args(_with_negatives(words))
        if unknown:  # told by the command's own parser, which knows its flags, not by the first
            told = f"unrecognized arguments: {' '.join(unknown)}"
            commands.choices[arguments.command].error(told)
        status: int = arguments.run(**call_of(arguments))
        return status
    except UsageError as error:
        print(f"pushlab: {in_one_line(str(error))}", file=sys.stderr)
        return 2
    except PushlabError as error:
        print(f"pushlab: {in_one_line(str(error))}", file=sys.stderr)
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


def _parser() -> tuple[Parser, Commands]:
    """The parser, with its commands listed by what a person wants."""
    parser = Parser(
        prog="pushlab",
        usage="%(prog)s [-h] [--version] COMMAND ...",
        description="Measure and teach polling versus push.",
    )
    parser.add_argument("--version", action="version", version=f"pushlab {pushlab.__version__}")
    commands: Commands = parser.add_subparsers(
        dest="command", prog="pushlab", required=True, metavar="COMMAND", help=argparse.SUPPRESS
    )
    groups = [Group(commands, title) for title in ("measure", "read", "decide", "serve", "learn")]
    measure, read, decide, serve, learn = groups
    measuring.add_commands(measure)
    reading.add_commands(read)
    deciding.add_commands(decide)
    serving.add_commands(serve)
    learning.add_commands(learn, parser)
    listed = [
        f"{group.title}:\n" + "\n".join(f"  {name:<12}{told}" for name, told in group.names.items())
        for group in groups
    ]
    parser.epilog = "\n\n".join([*listed, "pushlab COMMAND --help has the flags, and examples."])
    return parser, commands
