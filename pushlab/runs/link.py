"""The network between subscribers and server that a trial emulates, and the words for it."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from pushlab.contract.setting import Setting

__all__ = ["Link", "network_in_words"]


_span = partial(Setting, unit="ms", least=0, most=10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What lies between each subscriber and the server, each way; all zero: loopback as it is.

    The way of each piece is drawn evenly from `one_way_ms` plus or minus `jitter_ms`; the pieces of
    one connection do not overtake each other.
    """

    one_way_ms: Annotated[float, _span("how long bytes are under way", such="80")] = 0.0
    jitter_ms: Annotated[float, _span("plus or minus so much for each piece", such="5")] = 0.0
    kbit_per_s: Annotated[
        float,
        _span("bandwidth of each connection; 0: no limit", unit="kbit/s", such="2000", most=1e8),
    ] = 0.0

    @property
    def present(self) -> bool:
        """Whether there is anything to emulate."""
        return bool(self.one_way_ms or self.jitter_ms or self.kbit_per_s)

    @property
    def one_way_s(self) -> float:
        """`one_way_ms` in seconds."""
        return self.one_way_ms / 1e3

    def transfer_s(self, size_bytes: float) -> float:
        """How long a connection needs to carry so many bytes, the way itself not counted."""
        return 8 * size_bytes / (1e3 * self.kbit_per_s) if self.kbit_per_s else 0.0

    @property
    def round_trip_s(self) -> float:
        """There and back at the worst."""
        return 2 * (self.one_way_ms + self.jitter_ms) / 1e3

    @property
    def slack_s(self) -> float:
        """How much longer than on loopback a subscriber may need to connect and catch up."""
        return 10 * self.round_trip_s + self.transfer_s(40_000)


def network_in_words(link: Link, *, tls: bool) -> str:
    """The link and the encryption as a reader is told of them; empty for plain loopback."""
    words = []
    if link.one_way_ms:
        jitter = f" ± {link.jitter_ms:g}" if link.jitter_ms else ""
        words.append(f"{link.one_way_ms:g}{jitter} ms each way")
    if link.kbit_per_s:
        words.append(f"{link.kbit_per_s:,g} kbit/s per connection")
    if tls:
        words.append("TLS")
    return ", ".join(words)
