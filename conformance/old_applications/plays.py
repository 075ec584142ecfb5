"""What people do with each application, and what they see; it is told in a few words.

A play takes a stage and a transport, which is put into the pages' query (`?transport=`), as it is
for every page of pushlab's script. It returns what went wrong, and the longest that anybody waited
for anything that was sent or done, in seconds.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from conformance.old_applications.catalogue import CHAT, CROWD, GAME
from conformance.old_applications.stage import Stage

__all__ = ["PLAYS", "Faults", "LongestWait"]

Faults = list[str]
LongestWait = float

_PATIENCE_MS = 30_000
_PACE_S = 0.6  # the old wire takes a message every half second
_TALK_S = 70.0  # the tokens last for a minute
_AFTER_S = 5.0


async def _seen(page: Any, condition: str, since: float) -> float:
    """Wait until a page shows something; how long after `since` it did."""
    await page.wait_for_function(condition, polling=10, timeout=_PATIENCE_MS)
    return time.monotonic() - since


# ---- a game ----------------------------------------------------------------------------------


async def play_a_game(stage: Stage, transport: str) -> tuple[Faults, LongestWait]:
    """X takes the upper row, O is one move late; both see every move, and who has won."""
    waits = []
    async with stage.person("x", transport) as x, stage.person("o", transport) as o:
        await x.goto(f"{stage.url}/?transport={transport}")
        game = await x.evaluate("() => state.game_key")
        began = time.monotonic()
        await o.goto(f"{stage.url}/?g={game}&transport={transport}")
        waits += [await _seen(x, "() => state.userO !== '' && isMyMove()", began)]
        for turn, square in enumerate((0, 3, 1, 4, 2)):
            mover, mark = ((x, "X"), (o, "O"))[turn % 2]
            await mover.wait_for_function("() => isMyMove()", timeout=_PATIENCE_MS)
            began = time.monotonic()
            await mover.locator(f"[id='{square}']").click()
            shows = f"() => document.getElementById('{square}').textContent === '{mark}'"
            waits += await asyncio.gather(*(_seen(each, shows, began) for each in (x, o)))
        faults = []
        for page, who, wanted in ((x, "X", "you-won"), (o, "O", "you-lost")):
            shown = await page.evaluate(
                "() => ['your-move', 'their-move', 'you-won', 'you-lost', 'other-player'].filter("
                "id => document.getElementById(id).style.display !== 'none')"
            )
            if shown != [wanted]:
                faults.append(f"{who} sees {', '.join(shown)}")
    return faults, max(waits)


# ---- a chat, in which tokens expire ----------------------------------------------------------

_WATCH = r"""() => {
  window.lines = [];
  const look = () => {
    for (const [text] of document.getElementById("chatarea").textContent.matchAll(/<\w+> \d+;/g)) {
      if (!lines.some(line => line.text === text)) lines.push({text, at: Date.now() / 1000});
    }
    window.all = document.getElementById("chatarea").textContent;
  };
  new MutationObserver(look).observe(document.getElementById("chatarea"),
    {childList: true, subtree: true, characterData: true});
}"""


async def chat_over_an_expiry(stage: Stage, transport: str) -> tuple[Faults, LongestWait]:
    """Two talk for longer than their tokens last; each line reaches both, in order, once."""
    name = transport.replace("-", "_")
    people = [f"{who}_{name}" for who in ("ann", "bob")]
    renewals = dict.fromkeys(people, 0)
    async with stage.person("ann", transport) as ann, stage.person("bob", transport) as bob:
        pages = (ann, bob)
        for page, who in zip(pages, people, strict=True):
            page.on("request", _counting(renewals, who))
            await page.goto(f"{stage.url}/?transport={transport}")
            await page.fill("[name=username]", who)
            await page.fill("[name=channel]", f"#r_{name}")
            await page.click("[type=submit]")
            await _seen(page, f"() => document.getElementById('{f'r_{name}.c'}')", 0.0)
            await page.evaluate(_WATCH)
        for page in pages:
            both = " && ".join(
                f"document.getElementById('userarea').textContent.includes('{w}')" for w in people
            )
            await _seen(page, f"() => {both}", 0.0)
        sent = await _talk(pages, people, renewals)
        faults, longest = [], 0.0
        for page, who in zip(pages, people, strict=True):
            lines = await page.evaluate("() => lines")
            whole = re.findall(r"<\w+> \d+;", await page.evaluate("() => window.all || ''"))
            texts = [line["text"] for line in lines]
            waits = [line["at"] - sent[line["text"]] for line in lines if line["text"] in sent]
            longest = max([longest, *waits])
            lost = [text for text in sent if text not in texts]
            found = {
                "lost": len(lost),
                "twice": len(whole) - len(set(whole)),
                "out of order": int(texts != [text for text in sent if text in texts]),
            }
            faults += [f"{who}: {n} {what}" for what, n in found.items() if n]
            if renewals[who] != 1:
                faults.append(f"{who} renewed {renewals[who]} times")
    return faults, longest


def _counting(renewals: dict[str, int], who: str) -> Callable[[Any], None]:
    def on_request(request: Any) -> None:
        renewals[who] += "/tokenexpireHandler" in request.url

    return on_request


async def _talk(
    pages: tuple[Any, Any], people: list[str], renewals: dict[str, int]
) -> dict[str, float]:
    """Say something again and again; when each line was said (Unix seconds)."""
    sent: dict[str, float] = {}
    until = time.monotonic() + _TALK_S
    number = 0
    while (now := time.monotonic()) < until or (
        not all(renewals.values()) and now < until + _PATIENCE_MS / 1000
    ):
        speaker = number % 2
        sent[f"<{people[speaker]}> {number};"] = time.time()
        await pages[speaker].fill("#chatinput", f"{number};")
        await pages[speaker].press("#chatinput", "Enter")
        number += 1
        await asyncio.sleep(_PACE_S)
    await asyncio.sleep(_AFTER_S)
    return sent


# ---- a crowd, of which one leaves ------------------------------------------------------------


async def steer_and_leave(stage: Stage, transport: str) -> tuple[Faults, LongestWait]:
    """Three say where to go; one closes the page, and the others see that he has no say more."""
    waits = []
    names = [f"{who}-{transport}" for who in ("ann", "bob", "cid")]
    async with stage.person("ann", transport) as ann, stage.person("cid", transport) as cid:
        async with stage.person("bob", transport) as bob:
            await ann.goto(f"{stage.url}/nav-room?transport={transport}")
            room = await ann.evaluate("() => local.source_key")
            for page in (bob, cid):
                await page.goto(f"{stage.url}/nav-room?g={room}&transport={transport}")
            people = dict(zip(names, (ann, bob, cid), strict=True))
            await asyncio.sleep(2)  # until their channels stand; the pages do not show it
            for key, way in (("ArrowLeft", "Left"), ("ArrowUp", "Forward"), ("ArrowDown", "Stop")):
                for name, page in people.items():
                    began = time.monotonic()
                    await page.keyboard.press(key)
                    shows = (
                        "() => document.getElementById('all_directions').textContent"
                        f".includes('{name} {way} 1')"
                    )
                    others = [other for other in people.values() if other is not page]
                    waits += await asyncio.gather(*(_seen(o, shows, began) for o in others))
            await bob.close(run_before_unload=False)
            began = time.monotonic()
            gone = (
                "() => !document.getElementById('all_directions').textContent"
                f".includes('{names[1]}')"
            )
            waits += await asyncio.gather(*(_seen(page, gone, began) for page in (ann, cid)))
        faults = [
            f"{name} is gone, too"
            for name, page in ((names[0], cid), (names[2], ann))
            if name not in await page.inner_text("#all_directions")
        ]
    return faults, max(waits)


#: By the application's name.
PLAYS: dict[str, Callable[[Stage, str], Awaitable[tuple[Faults, LongestWait]]]] = {
    GAME.name: play_a_game,
    CHAT.name: chat_over_an_expiry,
    CROWD.name: steer_and_leave,
}
