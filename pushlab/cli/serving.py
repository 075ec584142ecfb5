"""The command that serves."""

import os
from typing import Any

from pushlab.cli.arguments import Group, add_keys, whole
from pushlab.contract.serving import HubSettings
from pushlab.contract.setting import keys_of

__all__ = ["add_commands"]


def add_commands(group: Group) -> None:
    """Add serve."""
    serve = group.add(
        "serve",
        "start a hub with its pages",
        run=_serve,
        units="500ms, 2min, 4MiB",
        examples=("serve --open", "serve --port 0 --broker none --no-pages --keep-alive 60s"),
    )
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
        dest="allow_origins",
        help="let pages of this origin in as well (https://example.org); may be repeated",
    )
    serve.add_argument(
        "--no-pages",
        action="store_false",
        dest="pages",
        help="serve the API and transports alone",
    )
    serve.add_argument(
        "--open", action="store_true", dest="open_browser", help="open the race in the browser"
    )
    add_keys(serve, keys_of(HubSettings, "hub."), swept=False)


def _serve(*, overrides: dict[str, Any], **asked: Any) -> int:
    import uvloop

    from pushlab.commands.serve import serve_until_interrupted
    from pushlab.lab.scenario.values import check_values

    keys = keys_of(HubSettings, "hub.")
    given = check_values(overrides, keys, lambda name: keys[name].flag)
    settings = HubSettings(**{keys[name].own: value for name, value in given.items()})
    api_key = os.environ.get("PUSHLAB_API_KEY")
    uvloop.run(serve_until_interrupted(settings=settings, api_key=api_key, **asked))
    return 0
