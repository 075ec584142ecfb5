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
    serve.flag("--host", None, "where to listen", default="127.0.0.1")
    serve.flag("--port", None, "0 takes a free one", type=whole("8000"), default=8000)
    serve.flag(
        "--broker", "B", "auto, embedded, mosquitto, a URL, or none (no MQTT)", default="auto"
    )
    serve.flag(
        "--presence-url",
        "URL",
        "post presence to this application; or set PUSHLAB_PRESENCE_URL, if it has a password",
    )
    serve.switch("--presence-reset", "tell that application of the hub's start, too")
    serve.flag("--certfile", "PEM", "encrypt with this certificate (chain)")
    serve.flag("--keyfile", "PEM", "its private key; default: in --certfile")
    serve.flag(
        "--allow-origin",
        "ORIGIN",
        "let pages of this origin in as well (https://example.org); may be repeated",
        action="append",
        default=[],
        dest="allow_origins",
    )
    serve.switch("--no-pages", "serve the API and transports alone", dest="pages")
    serve.switch("--open", "open the race in the browser", dest="open_browser")
    add_keys(serve, keys_of(HubSettings, "hub."), swept=False)


def _serve(*, overrides: dict[str, Any], **asked: Any) -> int:
    import uvloop

    from pushlab.commands.serve import serve_until_interrupted

    keys = keys_of(HubSettings, "hub.")
    settings = HubSettings(
        **{keys[name].own: keys[name].take(one, keys[name].flag) for name, one in overrides.items()}
    )
    asked["api_key"] = os.environ.get("PUSHLAB_API_KEY")
    asked["presence"] = {
        "presence_url": asked.pop("presence_url") or os.environ.get("PUSHLAB_PRESENCE_URL"),
        "presence_key": os.environ.get("PUSHLAB_PRESENCE_KEY"),
        "presence_reset": asked.pop("presence_reset"),
    }
    uvloop.run(serve_until_interrupted(settings=settings, **asked))
    return 0
