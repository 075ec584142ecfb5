"""The network between subscribers and server that a trial emulates, and the words for it."""

from dataclasses import dataclass

__all__ = ["Link", "network_in_words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What lies between each subscriber and the server; all zero: loopback as it is.

    Attributes:
        one_way_ms: how long bytes are under way, in each direction.
        jitter_ms: the way of each piece is drawn evenly from `one_way_ms` plus or minus this; the
            pieces of one connection do not overtake each other.
        kbit_per_s: how fast each connection carries bytes in each direction, in thousands of bits
            per second; 0 sets no limit.
    """

    one_way_ms: float = 0.0
    jitter_ms: float = 0.0
    kbit_per_s: float = 0.0

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
