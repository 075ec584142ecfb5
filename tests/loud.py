"""A hub and its clients in one process where everybody logs all they can (test_no_secret_in_logs).

Run as ``python -X dev -m tests.loud``: asyncio's debug mode, every callback "slow", every warning
shown, every logger there is at DEBUG. Logs go to standard error; standard output gets one line of
JSON with the secrets that have been in use.
"""

import asyncio
import contextlib
import gc
import json
import logging
import sys
import warnings
from collections.abc import Sequence
from secrets import token_urlsafe
from urllib.parse import quote, urlsplit

import pushlab
from pushlab.brokers.start import start_broker
from pushlab.channel_api.over_http import ChannelService
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import PushlabError
from pushlab.hub.process import HubConfig
from pushlab.lab.trial.in_process import serving_here
from pushlab.systems.hub_api import HubApi
from pushlab.wire.discovery import discover
from tests.live_hub import ask

ALL = ("short-polling", "long-polling", "sse", "websocket", "mqtt")


def loud() -> None:
    """Let every logger that exists now say all it can."""
    logging.disable(logging.NOTSET)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG)
        logger.disabled = False
        logger.propagate = True


async def read_one(url: str, token: str, transport: str, hub: HubApi) -> None:
    """A client from the beginning to the end, with a loss between."""
    options = {"interval_s": 0.05} if transport == "short-polling" else {}
    messages = pushlab.connect(url, token, transport=transport, **options)
    say(messages)
    async with messages:
        loud()
        say(messages, messages._driver, messages._driver.subscriber, messages._driver.connection)
        say(messages._driver.subscriber.endpoint)
        await hub.publish("reader", f"hello over {transport}")
        async for message in messages:
            say(message)
            break


async def be_refused(url: str, token: str, transport: str) -> None:
    with contextlib.suppress(PushlabError):
        try:
            async with pushlab.connect(url, token, transport=transport, retry_for_s=0):
                pass
        except PushlabError as error:
            logging.getLogger("application").exception("refused: %r %s", error, error)
            raise


def fresh() -> str:
    """A secret of which every letter tells."""
    return "+/" + token_urlsafe(24)


def say(*things: object) -> None:
    """As an application might."""
    for thing in things:
        logging.getLogger("application").debug("%s %r", thing, thing)


async def raw(url: str, text: str) -> None:
    """Speak to the hub by hand."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(text.replace("\n", "\r\n").encode())
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(0.05):
            while await reader.read(4096):
                pass
    writer.close()


async def main(chosen: Sequence[str]) -> dict[str, str]:
    loop = asyncio.get_running_loop()
    loop.slow_callback_duration = 0
    keys = TokenKeys.fresh()
    secrets: dict[str, str] = {f"key {name}": key for name, key in keys.export().items()}
    secrets["presence password"], secrets["presence key"] = fresh(), fresh()
    async with contextlib.AsyncExitStack() as stack:
        broker = None
        if "mqtt" in chosen:
            broker = await stack.enter_async_context(await start_broker("embedded"))
        config = HubConfig(
            keys=keys.export(),
            broker=broker and broker.access,
            transports={name: {} for name in chosen},
            presence_url=f"http://app:{quote(secrets['presence password'], safe='')}@127.0.0.1:9/",
            presence_key=secrets["presence key"],
        )
        secrets["API key"] = config.api_key
        if broker and broker.access.password:
            secrets["broker's password"] = broker.access.password
        say(config, broker, broker and broker.access, keys)
        async with serving_here(config) as url:
            loud()
            hub = HubApi(url, config.api_key)
            say(hub)
            with contextlib.closing(hub):
                for transport in chosen:
                    (admission,) = await hub.admit(
                        transport, [(f"reader over {transport}", 0, "reader")], duration_minutes=1
                    )
                    say(admission)
                    secrets[f"token for {transport}"] = token = admission.token
                    if "password" in admission.endpoint:
                        secrets["MQTT password"] = admission.endpoint["password"]
                    say(Endpoint.told(admission.endpoint))
                    loud()
                    await read_one(url, token, transport, hub)
                    loud()
                    bent = token[:-8] + "AAAAAAAA"
                    secrets[f"bent token for {transport}"] = bent
                    await be_refused(url, bent, transport)
                    say(await discover(Endpoint.from_url(url), token) and "asked")
                    for path in ("poll", "wait?hold_s=0", "nothing", "messages"):
                        mark = "&" if "?" in path else "?"
                        await ask(url, "GET", f"/v1/{path}{mark}token={quote(token)}")
                    for path in ("events", "socket", "mqtt"):
                        await raw(
                            url,
                            f"GET /v1/{path}?token={token} HTTP/1.1\nHost: {urlsplit(url).netloc}\n"
                            "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
                            "Sec-WebSocket-Protocol: mqtt\n"
                            f"Authorization: Bearer {token}\n\n",
                        )
                    await raw(url, f"GET /v1/poll?token={token} HTTP/1.1\nHost: x\nX: \x00\n\n")
                    await raw(url, f"GET /v1/poll HTTP/1.1\nAuthorization: Bearer {token}\nHost: ")
                with contextlib.closing(ChannelService(url, config.api_key)) as service:
                    say(service)
                    made = await asyncio.to_thread(service.create_channel, "somebody")
                    secrets["token by the Channel API"] = made
                    await asyncio.to_thread(service.send_message, "somebody", "hello")
                await ask(url, "GET", "/v1/stats", secret=config.api_key[:-1] + "?")
                secrets["bent API key"] = config.api_key[:-1] + "?"
                await asyncio.sleep(0.05)
    gc.collect()
    return secrets


if __name__ == "__main__":
    warnings.simplefilter("always")
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format="%(name)s: %(message)s")
    logging.captureWarnings(True)
    if "--seed-a-leak" in sys.argv:
        from pushlab.transports import _websocket_subscriber as websocket

        plain = websocket.WebSocketSubscriber._on_connected

        def leaky(self: websocket.WebSocketSubscriber, now_ns: int) -> None:
            logging.getLogger("leak").debug("dialling with %s", quote(self._token))
            plain(self, now_ns)

        websocket.WebSocketSubscriber._on_connected = leaky  # type: ignore[method-assign]
    chosen = [word for word in sys.argv[1:] if word in ALL] or ALL
    print(json.dumps(asyncio.run(main(chosen), debug=True)), flush=True)
