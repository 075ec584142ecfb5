"""Servers under test: the command that lists them, and what measuring commands say of them."""

from pushlab.cli.arguments import Group, Parser, lazily, names

__all__ = ["add_cluster", "add_may_load", "add_system", "add_systems", "add_systems_flag"]


def add_systems(group: Group) -> None:
    """Add systems."""
    group.add(
        "systems",
        "list the servers that can be measured, plug-ins included",
        run=lazily("pushlab.commands.systems:systems"),
        more="List the servers that can be measured: which transports each speaks, and its version"
        " here or what it lacks. A server of your own is described in a scenario's [system] table"
        " (docs/scenarios.md).",
        examples=("systems", "systems --help"),
    )


def add_systems_flag(command: Parser) -> None:
    """``--systems``, into ``overrides``."""
    command.flag(
        "--systems",
        "A,B,...",
        "each transport at each of these servers that speaks it (see: pushlab systems); default:"
        " what the scenario says, mostly hub",
        type=names,
        dest="overrides systems",
    )


def add_system(command: Parser) -> None:
    """``--system``, for one, into ``overrides``."""
    command.flag(
        "--system",
        "NAME",
        "the server (see: pushlab systems); default: the scenario's, mostly hub",
        type=lambda text: [text],
        dest="overrides systems",
    )


def add_may_load(command: Parser) -> None:
    """``--i-may-load``: hosts."""
    command.flag(
        "--i-may-load",
        "HOST",
        "put load on this other machine, as a system's url names it; may be given several times",
        action="append",
        default=[],
        dest="may_load",
    )


def add_cluster(command: Parser) -> None:
    """``--cluster``."""
    command.flag(
        "--cluster",
        "ADDRESS",
        "place server, publisher and swarm on the workers of a Dask cluster: its scheduler's"
        " address, such as tcp://scheduler:8786, or local:4 for one on this machine",
        dest="cluster",
    )
