"""`pushlab serve`: a hub and its pages on this terminal until Ctrl-C, with a broker beside it.

Or several hubs on one port, which share a backplane (`pushlab.commands.serve_workers`).
"""

import asyncio
import contextlib
import webbrowser
from dataclasses import replace
from pathlib import Path

from pushlab import signals
from pushlab.brokers.start import Listen, start_broker
from pushlab.child_environment import without_secrets
from pushlab.commands.keys import ServeKeys, choose_keys
from pushlab.commands.serve_site import site_maker
from pushlab.commands.serve_workers import serve_with_workers
from pushlab.contract.authority import is_loopback, is_wildcard, parse_authority
from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import UsageError
from pushlab.hub.backplane.redis_server import RedisServer
from pushlab.hub.backplane.registry import MEMORY, OWN, backplane_class, shown
from pushlab.hub.presence.target import PresenceTarget
from pushlab.hub.process import HubConfig
from pushlab.hub.reach.origins import Origins
from pushlab.hub.reach.reach import Reach
from pushlab.hub.serve import serve
from pushlab.web.files import JSAPI, PAGES, Files
from pushlab.web.race_lock import presenter_key
from pushlab.web.scripts import MODULE
from pushlab.wire.certificate import Certificate

__all__ = ["serve_until_interrupted"]

_LEAST_KEY_CHARS = 8
_MOST_WORKERS = 256


async def serve_until_interrupted(
    asked: HubConfig,
    *,
    broker: str,
    broker_listen: str | None = None,
    api_key: str | None,
    keys_file: str | None = None,
    fresh_keys: bool = False,
    given_keys: str | None = None,
    certfile: str | None = None,
    keyfile: str | None = None,
    pages: bool = True,
    open_browser: bool = False,
    workers: int = 1,
) -> None:
    """Serve until Ctrl-C, SIGTERM, or the terminal is closed.

    Args:
        asked: the hub, but for its broker, its keys and its certificate.
        broker: as for `start_broker`, or ``none``; `broker_listen`: its place, as ``HOST:PORT``.
        api_key: None takes the one that is kept, or makes one, which is printed once.
        keys_file, fresh_keys, given_keys: where the keys of tokens are; see `choose_keys`.
        certfile, keyfile: with which the hub encrypts; the broker started beside it stays plain.
        pages: whether to serve the pages, beside the client's scripts; `open_browser`: to open one
            in this machine's browser.
        workers: how many processes share the port; above 1 they need a backplane.

    Raises:
        UsageError: the API key is too short; or the port, the certificate, ... cannot be used.
        PortInUse, BrokerUnavailable, BackplaneUnavailable: it cannot start.
    """
    _check_backplane(asked, workers)
    _check(api_key, asked.port, opens_nothing=open_browser and not pages)
    _check_presence(asked)
    Origins(asked.allow_origins, Reach(asked.reach, bound=asked.host))  # says what is wrong now
    certificate, listen = _certificate(certfile, keyfile), _listen(broker_listen, broker)
    stop = asyncio.Event()
    chosen = choose_keys(port=asked.port, keys_file=keys_file, fresh=fresh_keys, given=given_keys)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(signals.setting(stop))
        starting = _broker_beside(stack, broker, _kept(listen, chosen))
        config = replace(
            await _with_redis_beside(stack, asked),
            broker=await signals.unless_stopped(starting, stop),
            certificate=certificate,
            **chosen.for_hub(api_key),
        )
        opening: list[asyncio.Future[None]] = []

        def ready(url: str) -> None:
            _tell(url, config, chosen, asks_for_key=api_key is None, pages=pages, workers=workers)
            if open_browser:
                opening.append(asyncio.ensure_future(_open(f"{url}/race")))

        if workers > 1:
            await serve_with_workers(config, workers, stop=stop, ready=ready, pages=pages)
        else:
            make_site = site_maker(config, pages=pages)
            await serve(config, stop=stop, ready=ready, make_site=make_site)


async def _with_redis_beside(stack: contextlib.AsyncExitStack, asked: HubConfig) -> HubConfig:
    """With the URL of a Redis that runs for as long as the hubs do, if one is asked for."""
    if asked.backplane != OWN:
        return asked
    return replace(asked, backplane=(await stack.enter_async_context(RedisServer())).url)


async def _broker_beside(
    stack: contextlib.AsyncExitStack, broker: str, listen: Listen
) -> BrokerAccess | None:
    if broker == "none":
        return None
    beside = await stack.enter_async_context(await start_broker(broker, listen=listen))
    keeping = asyncio.ensure_future(beside.keep_running())
    stack.callback(keeping.cancel)
    return beside.access


def _kept(listen: Listen, chosen: ServeKeys) -> Listen:
    """With a place for log-ins, where both keys and the port are the same after a restart."""
    if not listen.port or chosen.revoked_file is None:
        return listen
    return replace(listen, kept=Path(chosen.revoked_file).with_suffix(".mosquitto"))


def _listen(text: str | None, broker: str) -> Listen:
    if text is None:
        return Listen()
    if broker == "none" or "://" in broker:
        raise UsageError("--broker-listen is for a broker that is started here")
    host, port = parse_authority(text) or ("", None)
    if port is None:
        raise UsageError(f"--broker-listen is {text!r}; it must be HOST:PORT, as 0.0.0.0:1883")
    return Listen(host, port)


def _check_backplane(asked: HubConfig, workers: int) -> None:
    """Raise UsageError, MissingExtra for what is wrong with it: before anything is started."""
    kind = backplane_class(asked.backplane)
    if not 1 <= workers <= _MOST_WORKERS:
        raise UsageError(f"--workers is {workers}; it must lie between 1 and {_MOST_WORKERS}")
    if not kind.shared and workers > 1:
        raise UsageError(
            f"--workers {workers} needs a backplane that they share: --backplane redis starts one"
            " for them, --backplane redis://HOST:PORT takes yours (with a password:"
            " PUSHLAB_BACKPLANE)"
        )
    if kind.shared and asked.keep is not None:
        raise UsageError(
            "--keep is for a hub alone, and with this backplane it is not: what it keeps over a"
            " restart is in its own settings"
        )


def _check_presence(asked: HubConfig) -> None:
    """Raise UsageError for what is wrong with it: before a broker is started."""
    if asked.presence_url is not None:
        PresenceTarget(asked.presence_url, key="", hub="")
    elif asked.presence_reset:
        raise UsageError("--presence-reset is of no use without --presence-url")
    if asked.presence_key is not None and len(asked.presence_key) < _LEAST_KEY_CHARS:
        raise UsageError(f"PUSHLAB_PRESENCE_KEY must have at least {_LEAST_KEY_CHARS} characters")


def _check(api_key: str | None, port: int, *, opens_nothing: bool) -> None:
    if opens_nothing:
        raise UsageError("--open has nothing to open with --no-pages")
    if api_key is not None and (len(api_key) < _LEAST_KEY_CHARS or not api_key.isprintable()):
        raise UsageError(
            f"PUSHLAB_API_KEY must have at least {_LEAST_KEY_CHARS} characters, and no others than"
            " printable ones; unset it to get a fresh one"
        )
    if not 0 <= port <= 65_535:
        raise UsageError(f"--port is {port}; it must lie between 0 and 65535")


def _tell(
    url: str,
    config: HubConfig,
    chosen: ServeKeys,
    *,
    asks_for_key: bool,
    pages: bool,
    workers: int,
) -> None:
    access, reach = config.broker, Reach(config.reach, bound=config.host)
    print(f"pushlab hub on {url}{' and every address of this machine' * is_wildcard(config.host)}")
    if config.certificate is None and not is_loopback(config.host):
        print("Note: other machines can reach this hub, and nothing is encrypted.")
    if reach.proxy_vouches:
        print(
            "Note: it serves whatever name the proxy forwards; --allow-host names those to serve."
        )
    if reach.public_url is not None:
        print(f"  reached at {reach.public_url}")
    if access is not None:
        print(f"MQTT broker ({access.kind}) on {access.url}")
        if access.everywhere:
            print("  Note: other machines reach it, and nothing is encrypted there.")
        if reach.public_broker_url is not None:
            print(f"  reached at {reach.public_broker_url}")
        elif access.kind != "remote" and not access.everywhere and is_wildcard(config.host):
            print("  from this machine alone; see --broker-listen and --public-broker-url")
    if config.backplane != MEMORY:
        print(f"Backplane on {shown(config.backplane)}{f', {workers} workers' * (workers > 1)}")
    if config.keep is not None:
        print(f"Channels are kept in {config.keep}")
    if chosen.note is not None:
        print(chosen.note)
    if asks_for_key and chosen.keys_file is not None and not chosen.made:
        print(f"API key: as kept in {chosen.keys_file}, or set PUSHLAB_API_KEY")
    elif asks_for_key:
        print(f"API key (shown this once; or set PUSHLAB_API_KEY): {config.api_key}")
        if chosen.keys_file is not None:
            print(f"  kept, with the keys of tokens, in {chosen.keys_file}")
    _tell_site(reach.public_url or url, pages=pages, mqtt=access is not None)
    if pages and _others_reach(config):
        key = presenter_key(TokenKeys.restore(config.keys))
        print(
            f"  For the presenter, who can lock the race: {reach.public_url or url}/race#key={key}"
        )
    print("Ctrl-C stops it.", flush=True)


def _others_reach(config: HubConfig) -> bool:
    """Whether pages of other machines come here: then this machine's own are not told apart."""
    told = config.reach
    return bool(told.public_url or told.trust_forwarded) or not is_loopback(config.host)


def _certificate(certfile: str | None, keyfile: str | None) -> Certificate | None:
    if certfile is None:
        if keyfile is not None:
            raise UsageError("--keyfile is of no use without --certfile")
        return None
    certificate = Certificate(certfile, keyfile)
    certificate.server_context()  # what is wrong with it is told now
    return certificate


def _tell_site(url: str, *, pages: bool, mqtt: bool) -> None:
    files = Files()
    for path, (name, title) in PAGES.items():
        if pages and files.page(name) is not None:
            print(f"  {title:<13}{url}{path}")
    print(f"  {'Scripts':<13}{url}{MODULE}\n{'':<15}{url}{JSAPI}")
    if mqtt and files.asset("vendor/mqtt.esm.js") is None:
        print("  MQTT in the browser is not installed; 'make web' does it, with npm.")


async def _open(url: str) -> None:
    """Open a page in this machine's browser, or say that there is none."""
    with without_secrets():
        opened = await asyncio.to_thread(webbrowser.open, url)
    if not opened:
        print(f"No browser could be opened; visit {url}", flush=True)
