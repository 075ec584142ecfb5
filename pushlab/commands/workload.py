"""The flags of `cost`, `energy` and `predict` that say what clients get and how they ask."""

from dataclasses import dataclass

from pushlab.analysis.forecast.sizing import Workload
from pushlab.errors import UsageError
from pushlab.quantities import parse_bytes, parse_number, parse_rate_per_s, parse_seconds

__all__ = ["LoadFlags"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFlags:
    """What the command line says of a load, as text with units; None where it says nothing."""

    clients: str | None = None
    rate_per_client: str | None = None
    poll_interval: str | None = None
    payload: str | None = None
    hold: str | None = None
    keep_alive: str | None = None
    one_way: str | None = None
    per_channel: str | None = None

    def refuse(self, *allowed: str) -> None:
        """Raise UsageError if a flag was given beside a run, but for those that are allowed."""
        for name in LoadFlags.__slots__:
            if name not in allowed and getattr(self, name) is not None:
                raise UsageError(f"{_flag(name)} does not go with a run: the run has measured it")

    def workload(self, *needed: str, headroom: float = 0.5, **more: float) -> Workload:
        """The load in numbers.

        Args:
            needed: the flags that must have been given.

        Raises:
            UsageError: one is missing, or makes no sense; the text names it.
        """
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            example = "--rate-per-client 1/min"
            if "clients" in needed:
                example = f"--clients 1e6 {example}"
            raise UsageError(
                f"{' and '.join(map(_flag, missing))} missing; without a run, say {_asked(needed)},"
                f" such as {example}"
            )
        if not 0 <= headroom < 1:
            raise UsageError(f"--headroom is {headroom:g}; it must be at least 0 and below 1")
        return Workload(
            clients=parse_number(self.clients or "1", "--clients"),
            rate_per_s=parse_rate_per_s(self.rate_per_client or "", "--rate-per-client"),
            interval_s=_seconds(self.poll_interval or "5s", "--poll-interval"),
            payload_bytes=parse_bytes(self.payload or "100B", "--payload"),
            hold_s=_seconds(self.hold, "--hold") if self.hold else None,
            keep_alive_s=_seconds(self.keep_alive, "--keep-alive") if self.keep_alive else None,
            one_way_s=parse_seconds(self.one_way or "0s", "--one-way"),
            per_channel=parse_number(self.per_channel or "1", "--per-channel"),
            headroom=headroom,
            **more,  # type: ignore[arg-type]
        )


def _seconds(text: str, flag: str) -> float:
    span_s = parse_seconds(text, flag)
    if span_s < 0:
        raise UsageError(f"{flag}: {text} is below 0")
    return span_s


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _asked(needed: tuple[str, ...]) -> str:
    if "clients" in needed:
        return "how many clients there are and how many messages each gets"
    return "how many messages a client gets"
