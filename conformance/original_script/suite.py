"""The same page with App Engine's own script and with pushlab's, over each transport."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from conformance.chromium import NO_MQTT, chromium, mqtt_in_browser
from conformance.hub import LiveHub, live_hub
from conformance.model import NotRun, Suite, Tell, Verdict
from pushlab.brokers.start import start_broker
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.web.files import ASSETS, Files

__all__ = ["KNOWN", "OriginalScript", "verdict"]

#: As the SDK names it; beside the checkouts, since it is Google's.
_ORIGINAL = "dev-channel-js.js"
_SCENES = Path(__file__).with_name("scenes.js")
_OLD_WIRE = "channel-api-dev"
_TRANSPORTS = ("short-polling", "long-polling", "sse", "websocket", "mqtt", _OLD_WIRE)
_SHORT_S = 4.0
_SETTLED_S = 1.5  # two messages over the old wire; and what should not come has had its time
_LIMIT_S = 30.0

Logs = Mapping[str, list[str]]

_ONCE = "onclose comes once, however often a page closes"
#: What differs, and stands in docs/from-app-engine.md: by scene, what is seen, and why.
KNOWN = {
    "closed twice": ("onopen 1; onclose 3", _ONCE),
    "closed in onerror": (
        "onopen 1; onmessage 1 one; onmessage 1 two; onerror 1 401 Token+timed+out.; onclose 3",
        _ONCE,
    ),
    "closed in onopen": (
        "onopen 1; then 2; onclose 3",
        "nothing comes after onclose; the original asked once more, and told what came",
    ),
    "closed at once": ("then 2; onclose 3", "a socket that is closed does not open any more"),
    "two sockets of one channel object": (
        "two: true; onopen 1; onmessage 1 one; onmessage 1 two",
        "each socket has all messages; the original's two shared them",
    ),
}


class OriginalScript(Suite):
    """What a page is told by either script."""

    name = "original-script"
    title = "App Engine's own script"
    about = (
        "The script that App Engine's development server served, and pushlab's, in Chromium: the"
        " same page with either, the original over the old wire, pushlab's over each transport."
        " Right: the page is told the same, in the same order and the same `readyState`."
    )

    async def run(self, tell: Tell) -> AsyncIterator[Verdict]:
        """Run all scenes with each script and transport at once."""
        original = self.checkouts and self.checkouts / _ORIGINAL
        if not original or not original.exists():
            raise NotRun(f"{_ORIGINAL}, of App Engine's SDK for Python, is not in --checkouts")
        transports = [each for each in _TRANSPORTS if each != "mqtt" or mqtt_in_browser()]
        tell(f"the original, and pushlab's over {len(transports)} transports")
        keys = TokenKeys.fresh()
        async with contextlib.AsyncExitStack() as stack:
            broker = await stack.enter_async_context(await start_broker("embedded"))
            hub = await stack.enter_async_context(
                live_hub(keys=keys.export(), broker=broker.access)
            )
            browser = await stack.enter_async_context(chromium())
            script = Files().jsapi()
            assert script is not None
            scripts = [original.read_text(), *[script.body.decode()] * len(transports)]
            wanted, *seen = await asyncio.gather(
                *(
                    _played(browser, hub, keys, text, transport)
                    for text, transport in zip(scripts, (_OLD_WIRE, *transports), strict=True)
                )
            )
        for transport, logs in zip(transports, seen, strict=True):
            for scene in wanted:
                yield verdict(scene, transport, wanted, logs)
        for transport in set(_TRANSPORTS) - set(transports):
            yield Verdict(case=f"all, over {transport}", right=None, seen=NO_MQTT)


def verdict(scene: str, transport: str, wanted: Logs, seen: Logs) -> Verdict:
    """Whether a scene went as with the original, or differs as the documents say."""
    expected, why = KNOWN.get(scene, ("", ""))
    theirs, ours = "; ".join(wanted[scene]), "; ".join(seen[scene])
    return Verdict(
        case=f"{scene}, over {transport}",
        group=transport,
        wanted=theirs,
        seen=ours,
        right=ours == theirs,
        known=why if ours != theirs and ours == expected else "",
    )


async def _played(
    browser: Any, hub: LiveHub, keys: TokenKeys, script: str, transport: str
) -> dict[str, list[str]]:
    """What each scene noted."""
    context = await browser.new_context()
    try:
        page = await context.new_page()
        page.set_default_timeout(_LIMIT_S * 1000)
        await page.route(f"**{ASSETS}**", _answer)
        kinds = await _opened(page, hub, script, transport)
        return {
            scene: await _scene(page, hub, keys, scene, kind)
            for scene, kind in kinds.items()
            if await _opened(page, hub, script, transport)
        }
    finally:
        await context.close()


async def _opened(page: Any, hub: LiveHub, script: str, transport: str) -> dict[str, str]:
    """Load a page with that script; the kinds of its scenes' tokens."""
    # Any document of the hub's: Chromium lets no page that is made up speak to the loopback.
    await page.goto(f"{hub.url}/v1/endpoints?transport={transport}")
    for text in (script, _SCENES.read_text()):
        await page.add_script_tag(content=text)
    kinds = "Object.fromEntries(Object.entries(SCENES).map(([name, [kind]]) => [name, kind]))"
    return dict(await page.evaluate(kinds))


async def _scene(page: Any, hub: LiveHub, keys: TokenKeys, scene: str, kind: str) -> list[str]:
    """Play it; what it noted."""
    channel = secrets.token_hex(8)
    await page.evaluate(
        "([scene, token]) => SCENES[scene][1](token, (window.log = []))",
        [scene, _token(kind, channel, keys)],
    )
    if kind != "unused":
        await page.wait_for_function("() => log.some(line => /^on/.test(line))")
        for text in ("one", "two"):
            await hub.publish(channel, text)
    if kind == "short":
        await page.wait_for_function("() => log.at(-1).startsWith('onclose')")
    await asyncio.sleep(_SETTLED_S)
    return list(await page.evaluate("() => log"))


def _token(kind: str, channel: str, keys: TokenKeys) -> str:
    if kind == "empty":
        return ""
    signer = TokenKeys.fresh() if kind == "forged" else keys
    life_s = _SHORT_S if kind == "short" else 3_600.0
    return signer.sign(Grant(channel, channel, time.time() + life_s, secrets.token_hex(8)))[0]


async def _answer(route: Any) -> None:
    """What channel.js fetches from its hub; the one here has no site."""
    asset = Files().asset(route.request.url.partition(ASSETS)[2])
    await route.fulfill(content_type="text/javascript", body=asset.body if asset else "")
