"""Clauses on tokens: who is let in, and until when."""

import asyncio
import time

from pushlab.contract.events import Closed, Message
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import Refused
from pushlab.testing.clauses.base import Base
from pushlab.testing.harness import ContractHarness
from pushlab.testing.judge import LIMIT_S, check, clause

__all__ = ["Trust"]


class Trust(Base):
    """Who may read."""

    async def _refused(self, harness: ContractHarness, token: str, reason: str, what: str) -> None:
        """Both the friendly client and the wire must be told 401 and `reason`."""
        friend = harness.subscribe(token)
        await friend.until(lambda: friend.ended or friend.messages, f"{what} was not refused")
        error = friend.error
        check(
            isinstance(error, Refused) and (error.status, error.reason) == (401, reason),
            f"{what} must be refused with 401 {reason}; {friend.story()}",
        )
        check(token not in f"{friend.error!r} {friend.error}", f"the refusal of {what} shows it")
        try:
            reader = await harness.read(token)
        except Refused as refusal:  # a transport that asks the hub where to go is told there
            told = [Closed(refusal.reason, refusal.status)]
        else:
            await reader.until(lambda: reader.of(Closed), f"{what} was not refused at the wire")
            told = reader.of(Closed)
            check(not reader.messages, f"{what} got messages")
        check(
            told == [Closed(reason, 401)],
            f"{what} must end with 401 {reason}, and it ended with {told}",
        )

    @clause("A forged token is refused with 401 token-invalid.")
    async def test_forged_token(self) -> None:
        """Signed with another secret under the right key id, and changed by one character."""
        harness, channel = await self.on("forged")
        impostor = TokenKeys(dict.fromkeys(harness.keys.export(), b"a guessed secret"))
        forged = harness.signed("eve", channel, life_s=3_600, keys=impostor)
        await self._refused(harness, forged, "token-invalid", "a token with a forged signature")
        good = harness.signed("ann", channel, life_s=3_600)
        key_id, payload, signature = good.split(".")
        other = "A" if payload[8] != "A" else "B"
        changed = ".".join([key_id, payload[:8] + other + payload[9:], signature])
        await self._refused(harness, changed, "token-invalid", "a token that was changed")

    @clause(
        "A token for another channel is refused unless it is a good one, also after its client ID"
        " has had a good one; each good one reads its own channel."
    )
    async def test_forged_token_after_a_good_one(self) -> None:
        """The same client, whose good token is in use; the same grant; a signature grafted on."""
        harness, channel = await self.on("own")
        other = self.fresh("other")
        good = await harness.token("ann", channel)
        reader = await harness.read(good)
        await reader.connected()
        await harness.publish(channel, "mine")
        await reader.has(["mine"])
        impostor = TokenKeys(dict.fromkeys(harness.keys.export(), b"a guessed secret"))
        grant_id = harness.keys.verify(good, now=0.0).grant_id
        for name, more in (("a forged token", {}), ("one of a good grant", {"grant_id": grant_id})):
            forged = harness.signed("ann", other, life_s=3_600, keys=impostor, **more)
            what = f"{name} for another channel, of a client that had a good token,"
            await self._refused(harness, forged, "token-invalid", what)
        key_id, _, signature = good.split(".")
        grafted = ".".join([key_id, forged.split(".")[1], signature])
        await self._refused(harness, grafted, "token-invalid", "a good signature on other words")
        second = await harness.read(await harness.token("ann", other))
        await second.connected("a reader with another good token")
        await harness.publish(other, "theirs")
        await harness.publish(channel, "mine too")
        await second.has(["theirs"], "a reader with a good token for another channel")
        await reader.has(["mine", "mine too"])

    @clause(
        "A revoked token is refused with 401 token-revoked, and ends an open connection so; another"
        " token of the same client still counts."
    )
    async def test_revoked_token(self) -> None:
        """One of two, in mid-stream; then it is tried again."""
        harness, channel = await self.on("revoked")
        token, other = [await harness.token("ann", channel) for _ in range(2)]
        reader, spared = [await harness.read(each) for each in (token, other)]
        for each in reader, spared:
            await each.connected()
        await harness.publish(channel, "before")
        await reader.has(["before"])
        await harness.revoke(token)
        await reader.until(lambda: reader.of(Closed), "a token was revoked and its reader went on")
        check(
            reader.of(Closed) == [Closed("token-revoked", 401)],
            f"the end must say 401 token-revoked; {reader.story()}",
        )
        await harness.publish(channel, "after")
        await spared.has(["before", "after"], "a reader with another token of the same client")
        check(reader.texts == ["before"], f"its reader heard more; {reader.story()}")
        await self._refused(harness, token, "token-revoked", "a revoked token")

    @clause("A token whose key the server has dropped is refused with 401 token-revoked.")
    async def test_revoked_key(self) -> None:
        """Signed with a key that the hub does not hold."""
        harness, channel = await self.on("r")
        token = harness.signed("ann", channel, life_s=3_600, keys=TokenKeys.fresh())
        await self._refused(harness, token, "token-revoked", "a token of a revoked key")

    @clause("An expired token is refused with 401 token-expired.")
    async def test_expired_token(self) -> None:
        """It ended a second ago."""
        harness, channel = await self.on("expired")
        token = harness.signed("ann", channel, life_s=-1)
        await self._refused(harness, token, "token-expired", "an expired token")

    @clause(
        "A token that expires ends an open connection with 401 token-expired, and a new token"
        " resumes from the cursor with nothing lost."
    )
    async def test_expiry_mid_stream(self) -> None:
        """Messages before, during and after."""
        harness, _ = await self.on()
        for life_s in 2.0, 5.0, 15.0:  # a slow machine needs a longer life to connect in
            channel = self.fresh("expiry")
            token = harness.signed("ann", channel, life_s=life_s)
            ends_at = time.time() + life_s
            reader = await harness.read(token)
            await reader.until(lambda r=reader: r.cursor or r.of(Closed), "a reader heard nothing")  # type: ignore[misc]
            if not reader.of(Closed):
                await harness.publish(channel, "before")
                break
        await reader.until(
            lambda: reader.of(Closed),
            "the token expired and the connection went on",
            limit_s=max(0.0, ends_at - time.time()) + LIMIT_S,
        )
        check(
            reader.of(Closed) == [Closed("token-expired", 401)],
            f"the end must say 401 token-expired; {reader.story()}",
        )
        check(time.time() > ends_at - 0.1, "the connection ended before the token did")
        await harness.publish_all(channel, ["between 1", "between 2"])
        fresh = await harness.token("ann", channel)
        again = await harness.read(fresh, cursor=reader.cursor)
        await harness.publish(channel, "after")
        await again.until(
            lambda: again.messages and again.texts[-1] == "after",
            "a reader with a new token did not get what came after",
        )
        both = reader.texts + again.texts
        check(
            both == ["before", "between 1", "between 2", "after"],
            f"with the old token and the new one it got {both}; {again.story()}",
        )
        check(not again.gaps, f"nothing is missing, yet a gap was told; {again.story()}")

    @clause("An application that can fetch a new token reads on through an expiry by itself.")
    async def test_renewal(self) -> None:
        """`pushlab.connect` with a function for a token."""
        harness, channel = await self.on("renewal")
        asked = 0

        def fetch() -> str:
            nonlocal asked
            asked += 1
            return harness.signed("ann", channel, life_s=1.5 if asked == 1 else 3_600)

        reader = harness.subscribe(fetch)
        await reader.connected()
        sent: list[str] = []
        while asked < 2 or len(sent) < 20:
            sent.append(str(len(sent)))
            await harness.publish(channel, sent[-1])
            await asyncio.sleep(0.02)
            check(len(sent) < 3_000, f"no new token was asked for; {reader.story()}")
        await reader.until(
            lambda: reader.messages and reader.texts[-1] == sent[-1],
            "a reader that renews its token stopped",
        )
        seqs = [event.seq for event in reader.events if isinstance(event, Message)]
        check(
            seqs == list(range(seqs[0], seqs[-1] + 1)) and not reader.gaps,
            f"messages were lost or repeated at the renewal; {reader.story()}",
        )
