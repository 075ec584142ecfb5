"""Grants on a hub: which tokens count, and what stands on each of them.

One rule decides for every transport: a grant counts while the wall clock is before its end and
nobody has revoked it. What stands on a grant, a stream, a held poll or a broker's log-in, is a
`Holder`. A sweep looks at the clock several times a second and ends the holders whose time has
come; no timer is computed beforehand, so a clock that is set, or a machine that slept, is noticed
by the next sweep.
"""

import logging
from collections.abc import Callable, Collection, Sequence

from pushlab.contract.reasons import TOKEN_EXPIRED, TOKEN_INVALID, TOKEN_REVOKED, Reason
from pushlab.contract.serving import Holder
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.errors import Refused
from pushlab.hub.keys.revoked import Revocation, Revoked

__all__ = ["NOT_REVOCABLE", "Grants"]

_NO_MORE = "; so it counts here no more than any other text"
NOT_REVOCABLE = Reason(404, TOKEN_INVALID.word, TOKEN_INVALID.detail + _NO_MORE)
_MOST_KNOWN = 100_000
_log = logging.getLogger("pushlab")


class Grants:
    """The grants of one hub.

    Args:
        keys: sign and check tokens.
        wall: the wall clock, in Unix seconds.
        revoked: what is revoked already.
    """

    def __init__(
        self, keys: TokenKeys, *, wall: Callable[[], float], revoked: Revoked | None = None
    ) -> None:
        self.keys = keys
        self.revoked = Revoked() if revoked is None else revoked
        self._wall = wall
        self._known: dict[str, Grant] = {}
        #: By the second in which they end.
        self._held: dict[int, dict[Holder, Grant]] = {}
        self._swept = -1  # the second at which all of them were looked through
        #: Is told of each revocation that is made here.
        self.on_revoked: Callable[[Revocation], None] | None = None
        keys.number_behind(self.revoked.last_order)

    def verify(self, token: str) -> Grant:
        """Read a token. Raises Refused (401: token-invalid, token-revoked, token-expired)."""
        now = self._wall()
        grant = self._known.get(token)
        if grant is None or grant.expires_at <= now:
            grant = self.keys.verify(token, now=now)
            if self.revoked.covers(grant):
                raise TOKEN_REVOKED()
            self.keys.saw(grant, now)
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[token] = grant
        return grant

    def counts(self, grant: Grant) -> bool:
        """Whether a token that said this would still count."""
        known = not grant.key_id or grant.key_id in self.keys
        return known and grant.expires_at > self._wall() and not self.revoked.covers(grant)

    # ---- what stands on a grant -------------------------------------------------------------

    def hold(self, grant: Grant, holder: Holder) -> None:
        """Call ``holder.finish(reason, status)`` when the grant counts no more, until `let_go`."""
        second = int(grant.expires_at)
        held = self._held.get(second)
        if held is None:
            held = self._held[second] = {}
        held[holder] = grant

    def let_go(self, grant: Grant, holder: Holder) -> None:
        """The holder is gone."""
        second = int(grant.expires_at)
        held = self._held.get(second)
        if held is not None and held.pop(holder, None) is not None and not held:
            del self._held[second]

    @property
    def held_count(self) -> int:
        """How many holders there are."""
        return sum(map(len, self._held.values()))

    def sweep(self) -> None:
        """End the holders whose grants have expired."""
        now = self._wall()
        this = int(now)
        due = [this] if this == self._swept else [second for second in self._held if second <= now]
        self._swept = this
        for second in due:
            held = self._held.get(second, {})
            over = [(h, grant) for h, grant in held.items() if grant.expires_at <= now]
            self._finish(over, *TOKEN_EXPIRED.ending)

    def _finish(self, over: Sequence[tuple[Holder, Grant]], reason: str, status: int) -> None:
        for holder, grant in over:
            if holder not in self._held.get(int(grant.expires_at), ()):
                continue  # the end of one before it was its own
            self.let_go(grant, holder)
            try:
                holder.finish(reason, status)
            except Exception:
                _log.exception("a connection could not be ended as its token ended")

    # ---- revoking ---------------------------------------------------------------------------

    def revoke(self, token: str) -> int:
        """Revoke one token; how many holders that has ended.

        Raises:
            Refused: 404 for what is no token of this hub's; 429 and 507 as `Revoked.add`.
        """
        try:
            grant = self.keys.verify(token, now=0.0)
        except Refused as refusal:
            raise NOT_REVOCABLE(f"{refusal.detail}{_NO_MORE}") from refusal
        self._known.pop(token, None)
        return self._revoke(Revocation.of_grant(grant))

    def revoke_all(self, client_id: str | None, channel: str | None) -> int:
        """Revoke what this client was given for this channel up to now; None: any client, channel.

        Raises:
            Refused: 429 and 507 as `Revoked.add`.
        """
        now = self._wall()
        rule = Revocation.of_all(client_id, channel, order=self.keys.next_order(now), now=now)
        self._forget(rule.covers)
        return self._revoke(rule)

    def _revoke(self, revocation: Revocation) -> int:
        try:
            self.revoked.add(revocation)
        except Refused as refusal:
            if refusal.status == 507:  # it is revoked all the same
                self._end(revocation.covers, _seconds([revocation]))
                self._tell(revocation)
            raise
        self._tell(revocation)
        return self._end(revocation.covers, _seconds([revocation]))

    def _tell(self, revocation: Revocation) -> None:
        if self.on_revoked is not None:
            self.on_revoked(revocation)

    def learn(self, revocations: Sequence[Revocation]) -> int:
        """Others have revoked these: so they are here; how many holders that has ended."""
        self.revoked.note(revocations)
        return self.end_revoked(revocations)

    def end_revoked(self, revocations: Sequence[Revocation]) -> int:
        """Forget and end what these revoke, which others have added; how many holders."""
        if not revocations:
            return 0
        self.keys.number_behind(self.revoked.last_order)
        over = Revoked.of(revocations).covers
        self._forget(over)
        return self._end(over, _seconds(revocations))

    def keys_changed(self) -> int:
        """Keys were replaced: end what stands on one that is held no more."""

        def over(grant: Grant) -> bool:
            return bool(grant.key_id) and grant.key_id not in self.keys

        self._forget(over)
        return self._end(over)

    def _forget(self, over: Callable[[Grant], bool]) -> None:
        self._known = {token: grant for token, grant in self._known.items() if not over(grant)}

    def _end(self, over: Callable[[Grant], bool], seconds: Collection[int] | None = None) -> int:
        """End what stands on grants that are over; if told, only on those that end in `seconds`."""
        ended = [
            (holder, grant)
            for second in (self._held if seconds is None else seconds)
            for holder, grant in self._held.get(second, {}).items()
            if over(grant)
        ]
        self._finish(ended, *TOKEN_REVOKED.ending)
        return len(ended)


def _seconds(revocations: Sequence[Revocation]) -> Collection[int] | None:
    """The seconds in which the revoked grants end; None: those of a rule may end at any time."""
    if any(each.grant_id is None for each in revocations):
        return None
    return {int(each.until) for each in revocations}
