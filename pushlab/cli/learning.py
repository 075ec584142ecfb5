"""The commands that tell what there is, and the shells' completions."""

import argparse
from functools import partial
from pathlib import Path

from pushlab.cli.arguments import Group, Parser, lazily
from pushlab.cli.systems import add_systems
from pushlab.contract.registry import load_transport, transport_names
from pushlab.errors import PushlabError, SetupError

__all__ = ["add_commands"]

_SHELLS = ("bash", "zsh", "fish")


def add_commands(group: Group, root: Parser) -> None:
    """Add scenarios, transports, systems and completion; `root` is what is completed."""
    scenarios = group.add(
        "scenarios",
        "list the standard scenarios, or what a scenario may say",
        run=lazily("pushlab.commands.scenarios:scenarios"),
        examples=("scenarios", "scenarios --schema"),
    )
    which = scenarios.add_mutually_exclusive_group()
    which.add_argument(
        "--schema", action="store_true", help="the JSON Schema of scenario files, for editors"
    )
    which.add_argument(
        "--keys", action="store_true", help="the table of keys, as in docs/scenarios.md"
    )
    group.add(
        "transports",
        "list the transports, plug-ins included",
        run=_transports,
        examples=("transports", "transports --help"),
    )
    add_systems(group)
    completion = group.add(
        "completion",
        "print what makes a shell complete pushlab's commands and flags",
        run=partial(_completion, root),
        more="Print a script that makes a shell complete pushlab's commands and flags. Bash: put"
        ' eval "$(pushlab completion bash)" into ~/.bashrc. Zsh: write it to a file _pushlab in a'
        " folder of $fpath. Fish: write it to ~/.config/fish/completions/pushlab.fish.",
        examples=("completion bash", "completion fish"),
    )
    completion.add_argument("shell", choices=_SHELLS)


def _transports() -> int:
    names = transport_names()
    for name in names:
        try:
            title = load_transport(name).profile.title
        except PushlabError as error:
            title = f"cannot be used: {error}"
        print(f"{name:<{max(map(len, names))}}  {title}")
    return 0


def _completion(root: Parser, *, shell: str) -> int:
    try:
        import shtab
    except ModuleNotFoundError as error:
        raise SetupError("completions need shtab: pip install shtab") from error
    actions = list(root._actions)
    for action in actions:
        if isinstance(action, argparse._SubParsersAction):
            action.help = "what to do"  # hidden from the help, which lists the commands itself
            actions += [inner for command in action.choices.values() for inner in command._actions]
        elif action.type is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(root, shell))
    return 0
