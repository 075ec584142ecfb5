"""`pushlab serve`: a hub on this terminal until Ctrl-C, with a broker beside it."""

import asyncio
import contextlib
import dataclasses
import signal

from pushlab.contract.serving import BrokerAccess
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import UsageError
from pushlab.hub.broker import start_broker
from pushlab.hub.certificate import Certificate
from pushlab.hub.process import HubConfig
from pushlab.hub.serve import serve

__all__ = ["serve_until_interrupted"]

_LEAST_KEY_CHARS = 8


async def serve_until_interrupted(
    *,
    host: str,
    port: int,
    broker: str,
    presence_url: str | None,
    api_key: str | None,
    certfile: str | None = None,
    keyfile: str | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        broker: as for `start_broker`, or ``none``.
        api_key: None makes a fresh one, which is printed once.
        certfile, keyfile: with which the hub encrypts; see `Certificate`. The broker started beside
            it listens on loopback alone and stays plain.

    Raises:
        UsageError: the API key is too short, the port is none, or the certificate cannot be used.
        PortInUse, BrokerUnavailable: it cannot start.
    """
    if api_key is not None and (len(api_key) < _LEAST_KEY_CHARS or not api_key.isprintable()):
        raise UsageError(
            f"PUSHLAB_API_KEY must have at least {_LEAST_KEY_CHARS} characters, and no others than"
            " printable ones; unset it to get a fresh one"
        )
    if not 0 <= port <= 65_535:
        raise UsageError(f"--port is {port}; it must lie between 0 and 65535")
    if keyfile is not None and certfile is None:
        raise UsageError("--keyfile is of no use without --certfile")
    certificate = None
    if certfile is not None:
        certificate = Certificate(certfile, keyfile)
        certificate.server_context()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    keys = TokenKeys.fresh()
    async with contextlib.AsyncExitStack() as stack:
        access: BrokerAccess | None = None
        if broker != "none":
            started = await stack.enter_async_context(await start_broker(broker, keys=keys))
            access = started.access
        config = HubConfig(
            host=host,
            port=port,
            keys=keys.export(),
            broker=access,
            presence_url=presence_url,
            certificate=certificate,
        )
        if api_key is not None:
            config = dataclasses.replace(config, api_key=api_key)
        if certificate is None and host not in ("127.0.0.1", "::1", "localhost"):
            print(f"Note: {host} can be reached from other machines, and nothing is encrypted.")

        def ready(url: str) -> None:
            print(f"pushlab hub on {url}")
            if access is not None:
                scheme = "mqtts" if access.tls else "mqtt"
                print(f"MQTT broker ({access.kind}) on {scheme}://{access.host}:{access.port}")
            if api_key is None:
                print(f"API key (shown once; or set PUSHLAB_API_KEY): {config.api_key}")
            print("Ctrl-C stops it.", flush=True)

        await serve(config, stop=stop, ready=ready)
