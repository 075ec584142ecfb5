"""The command that serves, and the one for its keys."""

import os
from typing import TYPE_CHECKING, Any

from pushlab.cli.arguments import Group, Parser, add_keys, whole
from pushlab.contract.serving import HubSettings
from pushlab.contract.setting import keys_of
from pushlab.errors import UsageError

if TYPE_CHECKING:
    from pushlab.hub.process import HubConfig

__all__ = ["add_commands"]


def add_commands(group: Group) -> None:
    """Add serve and keys."""
    serve = group.add(
        "serve",
        "start a hub with its pages",
        run=_serve,
        units="500ms, 2min, 4MiB",
        examples=("serve --open", "serve --port 0 --workers 2 --backplane redis --no-pages"),
    )
    serve.flag("--host", None, "where to listen", default="127.0.0.1")
    serve.flag("--port", None, "0 takes a free one", type=whole("8000"), default=8000)
    _add_processes(serve)
    serve.flag(
        "--broker",
        "B",
        "auto, embedded, mosquitto, mqtt://USER@HOST:PORT (password: PUSHLAB_BROKER_PASSWORD),"
        " or none (no MQTT)",
        default="auto",
    )
    serve.flag(
        "--broker-listen",
        "HOST:PORT",
        "where a broker that is started here listens; default: 127.0.0.1, a free port",
    )
    serve.flag(
        "--presence-url",
        "URL",
        "post presence to this application; or set PUSHLAB_PRESENCE_URL, if it has a password",
    )
    serve.switch("--presence-reset", "tell that application of the hub's start, too")
    serve.flag(
        "--keys", "FILE", "keep the keys here; default: a file for each port", dest="keys_file"
    )
    serve.flag("--keep", "FILE", "keep the channels here over a restart; default: in memory alone")
    serve.switch("--fresh-keys", "keep none: tokens end with the hub", dest="fresh_keys")
    serve.flag("--certfile", "PEM", "encrypt with this certificate (chain)")
    serve.flag("--keyfile", "PEM", "its private key; default: in --certfile")
    _add_reach(serve)
    serve.switch(
        "--no-pages",
        "serve the API, the transports, channel.js and jsapi alone: no demonstrations",
        dest="pages",
    )
    serve.switch("--open", "open the race in the browser", dest="open_browser")
    add_keys(serve, keys_of(HubSettings, "hub."), swept=False, defaults=True)
    keys = group.add(
        "keys",
        "list, rotate or revoke a hub's keys for tokens",
        run=_keys,
        more="List the keys with which a hub of this user signs tokens; rotate: sign with a new one"
        " from now on, while tokens of the old one still count; revoke: tokens of that key count no"
        " more. The hub may run meanwhile.",
        examples=("keys rotate", "keys revoke all --port 9100"),
    )
    keys.add_argument("action", choices=("list", "rotate", "revoke"), help="what to do")
    keys.add_argument("key_id", nargs="?", metavar="KEY", help="which to revoke; 'all': each")
    keys.flag("--port", None, "the hub's", type=whole("8000"), default=8000)
    keys.flag(
        "--keys", "FILE", "the file, where the hub was started with --keys FILE", dest="keys_file"
    )


def _keys(**asked: Any) -> int:
    from pushlab.commands.keys import change_keys

    change_keys(**asked)
    return 0


def _add_processes(serve: Parser) -> None:
    """Add how many hubs there are, and what they share."""
    serve.flag(
        "--backplane",
        "URL",
        "what hubs share: redis://HOST:PORT (with a password: set PUSHLAB_BACKPLANE to the URL"
        " instead), or redis for one that is started here; default: memory, for a hub alone",
    )
    serve.flag(
        "--workers",
        "N",
        "so many processes on this port; more than 1 need a backplane",
        type=whole("4"),
        default=1,
    )


def _add_reach(serve: Parser) -> None:
    """Add how the hub is reached, and by whom."""
    serve.flag(
        "--allow-origin",
        "ORIGIN",
        "let pages of this origin in as well (https://example.org); may be repeated",
        action="append",
        default=[],
        dest="allow_origins",
    )
    serve.flag(
        "--public-url",
        "URL",
        "how clients reach it, through a proxy say (https://push.example/hub); default:"
        " PUSHLAB_PUBLIC_URL, or the address that they used",
    )
    serve.flag(
        "--public-broker-url",
        "URL",
        "how clients reach the MQTT broker (mqtts://push.example:8883); default:"
        " PUSHLAB_PUBLIC_BROKER_URL, or where the hub does",
    )
    serve.flag(
        "--trust-forwarded",
        "ADDR",
        "take the word of this proxy (an address or a network) for address, host and scheme of"
        " clients: Forwarded and X-Forwarded-*; may be repeated",
        action="append",
        default=[],
    )
    serve.flag(
        "--allow-host",
        "HOST",
        "serve requests for this host as well (push.example; * for any); may be repeated",
        action="append",
        default=[],
        dest="allow_hosts",
    )


def _serve(*, overrides: dict[str, Any], **asked: Any) -> int:
    import uvloop

    from pushlab.commands.serve import serve_until_interrupted

    keys = keys_of(HubSettings, "hub.")
    settings = HubSettings(
        **{keys[name].own: keys[name].take(one, keys[name].flag) for name, one in overrides.items()}
    )
    given_keys = os.environ.pop("PUSHLAB_KEYS", "") or None  # no child shall inherit it
    api_key = os.environ.get("PUSHLAB_API_KEY")
    hub = _hub(asked, settings)
    uvloop.run(serve_until_interrupted(hub, api_key=api_key, given_keys=given_keys, **asked))
    return 0


def _hub(asked: dict[str, Any], settings: HubSettings) -> "HubConfig":
    """Take what is asked of the hub itself, or what the environment says of it."""
    from pushlab.hub.process import HubConfig
    from pushlab.hub.reach.reach import ReachSettings

    def or_said(name: str) -> str | None:
        return asked.pop(name) or os.environ.get(f"PUSHLAB_{name.upper()}") or None

    reach = ReachSettings(
        public_url=or_said("public_url"),
        public_broker_url=or_said("public_broker_url"),
        trust_forwarded=tuple(asked.pop("trust_forwarded")),
        allow_hosts=tuple(asked.pop("allow_hosts")),
    )
    return HubConfig(
        host=asked.pop("host"),
        port=asked.pop("port"),
        backplane=_backplane(asked.pop("backplane")),
        keep=asked.pop("keep"),
        settings=settings,
        presence_url=or_said("presence_url"),
        presence_key=os.environ.get("PUSHLAB_PRESENCE_KEY"),
        presence_reset=asked.pop("presence_reset"),
        allow_origins=tuple(asked.pop("allow_origins")),
        reach=reach,
    )


def _backplane(asked: str | None) -> str:
    """Its URL. Raises UsageError: everybody on this machine could read the password in it."""
    if asked is None:
        return os.environ.pop("PUSHLAB_BACKPLANE", "") or "memory"
    if "@" in asked:
        raise UsageError(
            "--backplane has a user or a password in it, and everybody on this machine can read"
            " arguments; set PUSHLAB_BACKPLANE to that URL and leave --backplane out"
        )
    return asked
