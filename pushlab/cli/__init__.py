"""The command line: arguments to calls, and errors to one clear line.

Exit status: 0 done, 1 it could not be done here or a trial failed, 2 what was asked for is wrong,
130 interrupted by Ctrl-C, 143 by SIGTERM, 129 as the terminal was closed, 141 as the reader of the
output had left.
"""

import argparse
import contextlib
import errno
import re
import sys
from collections.abc import Sequence

import pushlab
from pushlab import signals
from pushlab.cli import deciding, learning, measuring, reading, serving
from pushlab.cli.arguments import Commands, Group, Parser, call_of, in_one_line
from pushlab.cli.output import drop_output, finish_output, prepare_output
from pushlab.errors import PushlabError, Stopped, UsageError

__all__ = ["main"]

#: Modules that not every system has.
_UNIX = {"fcntl", "pwd", "resource", "termios", "uvloop"}
_OF_OUTPUT = {errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC}
_NOBODY_READS = 128 + 13  # what a shell tells of a command that SIGPIPE ended


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit status."""
    prepare_output()
    with signals.interrupting():
        try:
            try:
                return _run(list(sys.argv[1:] if argv is None else argv))
            finally:  # where argparse leaves by SystemExit, too
                finish_output()
        except SystemExit as leaving:  # Rich leaves so where nobody reads
            if isinstance(leaving.__context__, BrokenPipeError):
                return _NOBODY_READS
            raise
        except BrokenPipeError:  # the reader of our output has gone, as `head` does
            drop_output()
            return _NOBODY_READS
        except OSError as error:  # of the output, mostly: others have errors of their own
            drop_output()
            if signals.ended_by_signal():  # the terminal is gone
                return signals.exit_status()
            where = "the output cannot be written" if error.errno in _OF_OUTPUT else ""
            told = ": ".join(filter(None, [error.filename or where, error.strerror or str(error)]))
            with contextlib.suppress(OSError):
                print(f"pushlab: {in_one_line(told)}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            drop_output()
            return signals.exit_status()
        except Exception:
            if signals.ended_by_signal():  # what it did to an import, say, tells nobody much
                return signals.exit_status()
            raise


def _run(words: list[str]) -> int:
    parser, commands = _parser()
    try:
        arguments, unknown = parser.parse_known_args(_with_negatives(words))
        if unknown:  # told by the command's own parser, which knows its flags, not by the first
            told = f"unrecognized arguments: {' '.join(unknown)}"
            commands.choices[arguments.command].error(told)
        status: int = arguments.run(**call_of(arguments))
        return status
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "pushlab":
            raise
        print(f"pushlab: {_missing(error.name)}", file=sys.stderr)
        return 1
    except Stopped as stopped:
        print(f"pushlab: {in_one_line(str(stopped))}", file=sys.stderr)
        return signals.exit_status()
    except UsageError as error:
        print(f"pushlab: {in_one_line(str(error))}", file=sys.stderr)
        return 2
    except PushlabError as error:
        print(f"pushlab: {in_one_line(str(error))}", file=sys.stderr)
        return 1


def _missing(module: str) -> str:
    """What to say where a module is not there."""
    if module in _UNIX:
        return (
            f"this system lacks what measuring and serving need (Python's {module}): they run on"
            " Linux and macOS; reading, charting and predicting work here"
        )
    return f"the package {module} is not installed; install pushlab anew: pip install pushlab"


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
