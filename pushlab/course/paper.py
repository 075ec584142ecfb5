"""Scale on paper: from a few clients to millions, by closed forms and what the reference run cost.

No server is started. What one server can carry is taken from the reference run, far outside of what
was measured there, and every picture says so.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from pushlab.analysis.cost.architectures import ARCHITECTURES, DEFAULT, Architecture
from pushlab.analysis.cost.book import PriceBook, load_book
from pushlab.analysis.cost.pricing import bill_at, meter_for
from pushlab.analysis.cost.sizes import reference_sizes
from pushlab.analysis.cost.telling import place_words
from pushlab.analysis.cost.traffic import Traffic, predicted_traffic
from pushlab.analysis.models.bisection import crossing
from pushlab.contract.profile import Profile
from pushlab.contract.registry import STANDARD, profile_of
from pushlab.course.bars import Bar, Bars, bars_chart
from pushlab.course.findings import shown
from pushlab.course.guesses import Guess
from pushlab.course.paper_charts import Even, break_even_chart, growth_chart
from pushlab.course.paper_numbers import battery_shares, servers_for
from pushlab.course.pictures import Picture
from pushlab.course.quantities import with_unit
from pushlab.course.svg.plot import Line
from pushlab.course.trouble import CourseError
from pushlab.quantities import interval, span

__all__ = ["Paper", "on_paper"]

_STEPS = (100, 10_000, 1_000_000)
_PAYLOAD_BYTES = 100
_HEADROOM = 0.5
_BATTERY_WH = 15.0
_RADIOS = ("lte", "wifi")
_SERVER_BYTES = 4 * 2.0**30
_SERVER = (
    "a server: a core and 4 GiB, half kept free; its costs as in the reference run (400 clients)"
)
_FOOTER = "list prices and likely values; servers as measured with 400 clients, half kept free"
_SHORTEST_S, _LONGEST_S, _STEPS_ACROSS = 1.0, 1800.0, 40
_FIGURES = {
    "requests_per_s": ("requests a second, for all clients together", "requests a second"),
    "servers": ("servers", "servers"),
}


def on_paper(
    *, clients: int = 10_000_000, message_every_s: float = 60.0, interval_s: float = 5.0
) -> "Paper":
    """A service for so many clients, each of whom gets a message of 100 bytes now and then.

    Args:
        message_every_s: from message to message of one client, on average.
        interval_s: how often those ask that ask by the clock.

    Raises:
        CourseError: a number makes no sense.
    """
    if clients < 1 or message_every_s <= 0 or interval_s <= 0:
        raise CourseError("clients, message_every_s and interval_s must all be above 0")
    return Paper(int(clients), 1 / message_every_s, interval_s)


@dataclass(frozen=True, slots=True)
class Paper:
    """A service that nobody has built, and what it would come to."""

    clients: int
    rate_per_s: float
    interval_s: float

    # ---- numbers ----------------------------------------------------------------------------

    def traffic(
        self, transport: str, clients: float | None = None, interval_s: float | None = None
    ) -> Traffic:
        """What a transport makes its servers do."""
        return predicted_traffic(
            _profiles()[transport].retimed(interval_s=interval_s or self.interval_s),
            clients=clients or self.clients,
            rate_per_client_per_s=self.rate_per_s,
            payload_bytes=_PAYLOAD_BYTES,
        )

    def requests_per_s(self, transport: str, clients: float | None = None) -> float:
        """Requests and packets that clients send, all together."""
        return self.traffic(transport, clients).hits_per_s

    def servers(self, transport: str, clients: float | None = None) -> int:
        """How many servers such as the measured one carry it."""
        traffic = self.traffic(transport, clients)
        return servers_for(traffic, headroom=_HEADROOM, server_bytes=_SERVER_BYTES)

    def usd(self, transport: str, *, by_request: bool, interval_s: float | None = None) -> float:
        """A month on rented servers, or paid by the request; NaN where that does not carry it.

        All else that each of the two architectures needs is in it: balancer, gateway, data.
        """
        where = _metered() if by_request else DEFAULT
        traffic = self.traffic(transport, None, interval_s)
        if where is None or where.cannot(traffic.profile):
            return math.nan
        meter = meter_for(traffic, _book(), sizes=reference_sizes().get(transport))
        return bill_at(where, traffic, meter).usd

    def break_even_s(self, push: str, *, by_request: bool) -> float:
        """The poll interval above which polling costs less than that transport."""
        level = self.usd(push, by_request=by_request)

        def above(interval_s: float) -> float:
            costs = self.usd("short-polling", by_request=by_request, interval_s=interval_s)
            return costs - level

        return crossing(above, 0.01, 1e6)

    def _asked(self) -> str:
        often = with_unit(1 / self.rate_per_s, "s")
        return f"a message every {often} for each client; polling asks every {self.interval_s:g} s"

    # ---- pictures ---------------------------------------------------------------------------

    def growth(self, figure: str, guess: Guess | None = None) -> Picture:
        """One figure from a hundred clients to all of them, a line for each transport.

        Args:
            figure: ``requests_per_s`` or ``servers``.
            guess: for short polling, and all clients.

        Raises:
            CourseError: there is no such figure.
        """
        if figure not in _FIGURES:
            raise CourseError(f"there is no figure {figure!r} (figures: {', '.join(_FIGURES)})")
        axis, unit = _FIGURES[figure]
        steps = [*(n for n in _STEPS if n < self.clients), self.clients]
        of: Callable[[str, float], float] = (
            self.servers if figure == "servers" else self.requests_per_s
        )
        lines = [
            Line(_title(name), _colour(name), [(n, of(name, n)) for n in steps])
            for name in STANDARD
        ]
        most = of("short-polling", self.clients)
        push = of("sse", self.clients)
        return growth_chart(
            lines,
            guess,
            axis=axis,
            title=f"{most:,.0f} {unit} with short polling, {push:,.0f} with SSE",
            subtitle=f"{self.clients:,} clients, {self._asked()}",
            footer=_SERVER if figure == "servers" else "by the formulas; nothing was measured",
            words=self._words(of, unit),
        )

    def _words(self, of: Callable[[str, float], float], unit: str) -> str:
        return "\n".join(
            f"{_title(name)}: {of(name, self.clients):,.0f} {unit}" for name in STANDARD
        )

    def month(self, guess: Guess | None = None) -> Picture:
        """What a month costs on rented servers, and paid by the request or message.

        Args:
            guess: of short polling on rented servers.
        """
        rows = []
        for name in STANDARD:
            bars = [Bar("measured", self.usd(name, by_request=False), "rented servers")]
            each = self.usd(name, by_request=True)
            if not math.isnan(each):
                bars.append(Bar("other", each, "by the request"))
            if guess is not None and guess.drawn and name == "short-polling":
                bars.insert(0, Bar("guess", guess.value, guess.name))
            rows.append(Bars(_title(name), _colour(name), bars))
        low, high = (self.usd(name, by_request=False) for name in ("sse", "short-polling"))
        title = f"On rented servers {_usd(low)} USD a month with SSE, {_usd(high)} with polling"
        if not math.isnan(each := self.usd("short-polling", by_request=True)):
            title += f", which paid by the request costs {_usd(each)}"
        return bars_chart(
            rows,
            unit="USD",
            axis="US dollars a month",
            title=title,
            subtitle=f"{self.clients:,} clients, {self._asked()}. {_places()}",
            footer=_FOOTER,
            decades=True,
        )

    def battery(self) -> Picture:
        """What it takes of a phone's battery, with two kinds of radio."""
        profiles = {
            name: one.retimed(interval_s=self.interval_s) for name, one in _profiles().items()
        }
        found = battery_shares(
            profiles, _RADIOS, self.rate_per_s, _PAYLOAD_BYTES, battery_wh=_BATTERY_WH
        )
        rows = []
        for name, shares in found.items():
            mobile, wifi = (shares[radio] for radio in _RADIOS)
            bars = [Bar("measured", mobile, "mobile network"), Bar("other", wifi, "Wi-Fi")]
            rows.append(Bars(_title(name), _colour(name), bars))
        poll, *push = (row.bars[0].value for row in rows)
        return bars_chart(
            rows,
            unit="%",
            axis="of a phone's full battery, each hour",
            title=f"On a mobile network polling takes {shown(poll, '%')} an hour, the others"
            f" {span((min(push), max(push)), lambda share: shown(share, '%'))}",
            subtitle=f"{self._asked()}; a battery of {_BATTERY_WH:g} Wh",
            footer="radios of 2012, the mobile network is LTE; newer radios are not covered",
        )

    def break_even(self) -> Picture:
        """What polling costs at every interval, and push at any: where they cross."""
        ratio = (_LONGEST_S / _SHORTEST_S) ** (1 / (_STEPS_ACROSS - 1))
        intervals = [_SHORTEST_S * ratio**at for at in range(_STEPS_ACROSS)]
        ways: list[tuple[bool, str, str]] = [(False, "sse", "rented servers")]
        if _metered() is not None:
            ways.append((True, "websocket", "paid by the request"))
        pairs, words = [], []
        for by, push, how in ways:
            polling = [
                (t, self.usd("short-polling", by_request=by, interval_s=t)) for t in intervals
            ]
            level, even = self.usd(push, by_request=by), self.break_even_s(push, by_request=by)
            pairs.append(Even(how, polling, _title(push), _colour(push), level, even))
            words.append(f"{how}: polling is cheaper than {_title(push)} above {interval(even)}")
        title = (
            f"Asking less often than every {interval(pairs[0].even_s)}, polling on rented"
            " servers is cheaper than SSE on them"
        )
        return break_even_chart(
            pairs,
            _colour("short-polling"),
            title=title,
            subtitle=f"{self.clients:,} clients, {self._asked().partition(';')[0]}. {_places()}",
            footer=_FOOTER,
            words="\n".join(words),
        )


@cache
def _profiles() -> Mapping[str, Profile]:
    return {name: profile_of(name) for name in STANDARD}


def _title(name: str) -> str:
    """How a chart calls a transport."""
    profile = _profiles()[name]
    return profile.called(name)


def _colour(name: str) -> str:
    return _profiles()[name].colour


@cache
def _book() -> PriceBook:
    return load_book(None)


@cache
def _metered() -> Architecture | None:
    """An architecture paid by the request in which both polling and WebSocket can run."""
    both = [_profiles()[name] for name in ("short-polling", "websocket")]
    some = [one for one in ARCHITECTURES.values() if one.kind == "serverless"]
    return next((one for one in some if not any(map(one.cannot, both))), None)


def _places() -> str:
    metered = _metered()
    rented = f"Rented: {place_words(DEFAULT)}"
    return rented if metered is None else f"{rented}; by the request: {place_words(metered)}"


def _usd(value: float) -> str:
    """Without the unit, as the labels have it."""
    return shown(value, "USD").removesuffix(" USD")
