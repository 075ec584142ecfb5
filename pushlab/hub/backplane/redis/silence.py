"""Which hubs have gone, as one of them sees it: those whose heartbeat has not changed for a lease.

No wall clock takes part, be it a hub's or that of Redis, so one that is set ends no lease. Nor does
time in which Redis could not be asked: nobody could beat then.
"""

from collections.abc import Mapping

__all__ = ["Silence"]


class Silence:
    """Looks at heartbeats.

    Args:
        lease_s: for how long a hub may be silent.
        beat_s: how often there is a look; of longer times between two, no more counts than twice
            that.
    """

    def __init__(self, lease_s: float, beat_s: float) -> None:
        self._lease_s = lease_s
        self._most_s = 2 * beat_s
        self._looked_s = 0.0
        self._seen: dict[str, tuple[int, float]] = {}  # the beat, and how long it has been there

    def forget(self) -> None:
        """Begin anew: Redis was away."""
        self._seen.clear()

    def look(self, beats: Mapping[str, int], now_s: float) -> list[tuple[str, int]]:
        """The hubs that have gone, and the last beat of each.

        Args:
            beats: what Redis has now; any change counts.
            now_s: of the monotonic clock.
        """
        passed_s = min(now_s - self._looked_s, self._most_s)
        self._looked_s = now_s
        seen = dict[str, tuple[int, float]]()
        for hub, beat in beats.items():
            before, silent_s = self._seen.get(hub, (None, 0.0))
            seen[hub] = beat, silent_s + passed_s if before == beat else 0.0
        self._seen = seen
        return [(hub, beat) for hub, (beat, silent_s) in seen.items() if silent_s > self._lease_s]
