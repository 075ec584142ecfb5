"""The commands that serve, and list what there is: arguments to calls."""

import argparse
import os

from pushlab.cli.arguments import Commands, whole
from pushlab.contract.registry import load_transport, transport_names
from pushlab.errors import PushlabError

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """Add serve, transports and scenarios."""
    serve = commands.add_parser("serve", help="start a hub with its pages")
    serve.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1 (loopback only)")
    serve.add_argument(
        "--port", type=whole("8000"), default=8000, help="default: 8000; 0 takes a free one"
    )
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

    listing = commands.add_parser("transports", help="list the transports, plug-ins included")
    listing.set_defaults(run=_transports)

    scenarios = commands.add_parser("scenarios", help="list the standard scenarios")
    scenarios.set_defaults(run=_scenarios)


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
    from pushlab.lab.scenario.toml_reader import builtin_scenarios, load_scenario

    names = builtin_scenarios()
    for name in names:
        print(f"{name:<{max(map(len, names))}}  {load_scenario(name).title}")
    return 0
