"""Where each client of the development server's wire stands that sends no cursor.

`pushlab.transports.channel_api_dev` says who goes on from where.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

from pushlab.contract.cursor import Cursor
from pushlab.contract.limits import BACK_WITHIN_S
from pushlab.contract.serving import Hub
from pushlab.contract.tokens import Grant

__all__ = ["Places"]

_MAX_PLACES = 100_000
_HANDED_ON = float("-inf")


class _Place:
    """The last message that a token has been answered with; it stands on the token's grant.

    Attributes:
        until_s: if its client has another token by then, that one goes on from here.
    """

    __slots__ = ("cursor", "grant", "places", "until_s")

    def __init__(self, places: "Places", grant: Grant, cursor: Cursor, until_s: float) -> None:
        self.places = places
        self.grant = grant
        self.cursor = cursor
        self.until_s = until_s

    def finish(self, reason: str, status: int) -> None:
        """The token has expired or is revoked: nobody can ask with it any more."""
        self.places.end(self)


class Places:
    """The place of each token while it counts, and for a lease more the last one of each client.

    So many of both are kept; beyond that, the one that is the longest there is forgotten.

    Args:
        clock: in seconds; it goes on evenly.
    """

    def __init__(
        self, hub: Hub, most: int = _MAX_PLACES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._hub = hub
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[str, _Place] = OrderedDict()
        self._last: OrderedDict[tuple[str, str], _Place] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, grant: Grant) -> Cursor | None:
        """Where the token stands, or the client's last one did; None: nowhere."""
        place = self._kept.get(grant.grant_id)
        if place is None:
            place = self._last.get((grant.channel, grant.client_id))
            if place is None or place.until_s < self._clock():
                return None
        return place.cursor

    def put(self, grant: Grant, cursor: Cursor, lease_s: float | None = None) -> None:
        """The token has been answered with this."""
        until_s = self._clock() + (lease_s or self._hub.settings.lease_s)
        kept = self._kept.get(grant.grant_id)
        if kept is not None:
            kept.cursor, kept.until_s = cursor, until_s
            self._kept.move_to_end(grant.grant_id)
            return
        if len(self._kept) >= self._most:
            self._forget(next(iter(self._kept.values())))
        before = self._last.get((grant.channel, grant.client_id))
        if before is not None:
            before.until_s = _HANDED_ON
        place = self._kept[grant.grant_id] = _Place(self, grant, cursor, until_s)
        self._hand_on(place)
        self._hub.hold(grant, place)

    def leave(self, grant: Grant) -> None:
        """The client said goodbye, perhaps only since its page is loaded anew."""
        kept = self._kept.get(grant.grant_id)
        if kept is not None:
            kept.until_s = self._clock() + BACK_WITHIN_S
            self._forget(kept)

    def _forget(self, place: _Place) -> None:
        self._hub.let_go(place.grant, place)
        self.end(place)

    def end(self, place: _Place) -> None:
        """A token has no place any more."""
        del self._kept[place.grant.grant_id]
        self._hand_on(place)

    def _hand_on(self, place: _Place) -> None:
        """From here the client's next token goes on, unless one has done so already."""
        last, now_s = self._last, self._clock()
        if place.until_s < now_s:
            return
        last[place.grant.channel, place.grant.client_id] = place
        last.move_to_end((place.grant.channel, place.grant.client_id))
        while len(last) > self._most or next(iter(last.values())).until_s < now_s:
            last.popitem(last=False)  # never all of them: the last is this one
