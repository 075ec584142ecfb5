"""The command that holds a server to what a channel promises."""

import argparse
import tomllib
from typing import Any

from pushlab.cli.arguments import Group, add_json, lazily, names
from pushlab.cli.systems import add_may_load

__all__ = ["add_verify"]


def _setting(text: str) -> tuple[str, Any]:
    """A name and a value of TOML."""
    name, _, value = (part.strip() for part in text.partition("="))
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        such = f"{text!r} is no setting such as persistent=true or qos=0"
        raise argparse.ArgumentTypeError(such) from None


def add_verify(group: Group) -> None:
    """Add verify."""
    verify = group.add(
        "verify",
        "try what a server promises, clause by clause",
        run=lazily("pushlab.commands.verify:verify"),
        more="Try each clause of the contract that makes sense against any server, over each of its"
        " transports: delivery, order, once, fan-out, channels, payloads, burst, late (who comes"
        " late), resume (who was cut off), slow reader, presence, tokens, restart and kept (the"
        " server is killed and started again). A clause holds, breaks (what was seen), or does not"
        " apply (why); see docs/verify.md."
        " Exit status: 0 what must hold does, 1 it does not, 2 what was asked for is wrong. What"
        " must hold is delivery, order and fan-out, and resume where the server tells a reader's"
        " place; --require says otherwise.",
        examples=("verify nchan", "verify mine.toml --require delivery,resume"),
    )
    verify.add_argument(
        "target",
        metavar="SYSTEM|FILE",
        help="a system that is installed (see: pushlab systems), or a TOML file with a [system]"
        " table",
    )
    verify.flag("--transports", "A,B,...", "those alone", type=names, default=[])
    verify.flag("--clauses", "A,B,...", "those alone", type=names, default=[])
    verify.flag(
        "--require",
        "A,B,...",
        "what must hold for exit status 0; default: what the server declares",
        type=names,
        dest="required",
    )
    verify.flag(
        "--set",
        "NAME=VALUE",
        "an option of the transports, such as persistent=true of MQTT; may be repeated",
        type=_setting,
        action="append",
        dest="settings",
        default=[],
    )
    verify.add_argument(
        "--markdown",
        action="store_true",
        dest="as_markdown",
        help="a table for a document on stdout; the rest on stderr",
    )
    add_may_load(verify)
    add_json(verify, "what was seen as JSON on stdout; the rest on stderr")
