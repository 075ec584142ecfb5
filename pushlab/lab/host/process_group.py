"""Several processes that do the work of one: watched each by itself, and as their sum."""

from bisect import bisect_right
from collections.abc import Sequence

from pushlab.lab.host.process_sampler import ProcessWatch, Sample

__all__ = ["GroupWatch"]


class GroupWatch(ProcessWatch):
    """Several processes together, wherever they run: the sums of what their watches have seen.

    Memory is the sum of what each has resident, so that what they share counts more than once; a
    wait for a core is the sum of their waits. What one that ended has used stays in the sum.

    Args:
        members: the watches of each, with names of their own.
        name: of all together.
    """

    def __init__(self, members: Sequence[ProcessWatch], name: str) -> None:
        super().__init__(members[0].pid, name)
        self.members = tuple(members)
        self.exact = all(one.exact for one in members)
        self._used = [0.0] * len(members)

    def used_cpu_s(self) -> float | None:
        """CPU seconds of all so far; None when all are gone."""
        each = [one.used_cpu_s() for one in self.members]
        self._used = [
            last if now is None else now for now, last in zip(each, self._used, strict=True)
        ]
        return None if all(now is None for now in each) else sum(self._used)

    def sample(self, phase: str = "") -> None:
        """Look once at each."""
        for one in self.members:
            one.sample(phase)

    def add_up(self) -> None:
        """Make `samples` and `held` of what the members have seen by now.

        There is a sample for each of the member that was looked at most often; of the others it has
        what was seen last by then.
        """
        self.samples = []
        seen = [one.samples for one in self.members if one.samples]
        at_ns = [[row[2] for row in rows] for rows in seen]
        for row in max(seen, key=len, default=[]):
            places = [max(0, bisect_right(each, row[2]) - 1) for each in at_ns]
            self.samples.append(self._sum(row, list(map(list.__getitem__, seen, places))))
        self.held = {
            "rss_bytes": max((row[4] for row in self.samples), default=0),
            "open_descriptors": max((row[5] for row in self.samples), default=0),
        }

    def _sum(self, row: Sample, each: Sequence[Sample]) -> Sample:
        waits = [one[6] for one in each if one[6] is not None]
        return (
            self.name,
            *row[1:3],
            sum(one[3] for one in each),
            sum(one[4] for one in each),
            sum(one[5] for one in each),
            sum(waits) if len(waits) == len(each) else None,
        )
