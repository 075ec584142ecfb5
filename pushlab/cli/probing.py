"""The command that looks at a server before it is measured."""

from pushlab.cli.arguments import Group, add_json, lazily, quantity
from pushlab.quantities import parse_seconds

__all__ = ["add_probe"]


def add_probe(group: Group) -> None:
    """Add probe."""
    probe = group.add(
        "probe",
        "try a server with one client, and say what it does",
        run=lazily("pushlab.commands.probe:probe"),
        more="Try each endpoint of a server with one reader and some messages: whether they come,"
        " in order, to all readers, after how long; what one loses that is cut off; keep-alives,"
        " compression, caches, and what holds back on the way. Then a verdict for each transport,"
        " and what to change. Of a URL alone: what it is, and a [system] table to start from."
        " Exit status: 0 all good, 1 a verdict is bad, 2 what was asked for is wrong.",
        units="20s, 1min",
        examples=("probe mine.toml", "probe http://127.0.0.1:8000/events --listen 1min"),
    )
    probe.add_argument(
        "target",
        metavar="FILE|URL|SYSTEM",
        help="a TOML file with a [system] table; a URL; or a system that is installed",
    )
    probe.switch(
        "--publish",
        "publish where the server is not on this machine, too: some 20 messages for each transport,"
        " into channels named pushlab-probe-...; without it such a server is only read from",
    )
    probe.flag(
        "--listen", "T", "of silence", dest="listen_s", type=quantity(parse_seconds), default=20.0
    )
    probe.flag(
        "--wait",
        "T",
        "for an answer, and for a message",
        dest="wait_s",
        type=quantity(parse_seconds),
        default=5.0,
    )
    probe.flag("--channel", "NAME", "a channel that exists; default: new ones")
    add_json(probe, "what was found as JSON on stdout; the rest on stderr")
