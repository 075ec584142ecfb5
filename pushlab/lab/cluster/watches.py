"""Watches of processes on a worker: they hold what the agent there has seen."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pushlab.lab.host.machine_watch import MachineWatch
from pushlab.lab.host.process_sampler import ProcessWatch

__all__ = ["AwayMachineWatch", "AwayWatch", "Seen", "seen_by"]

Sample = tuple[str, str, int, float, int, int, int | None]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a watch has seen since it was asked last.

    Attributes:
        samples, held: as `ProcessWatch` has them; moments are of the clock there.
        moments, others: as `MachineWatch` has them.
    """

    samples: list[Sample]
    held: dict[str, int]
    moments: list[tuple[int, float, float, float]] = field(default_factory=list)
    others: list[tuple[int, float]] = field(default_factory=list)


def seen_by(watch: ProcessWatch) -> Seen:
    """What `watch` has seen, which then forgets the samples."""
    samples, watch.samples = watch.samples, []
    if not isinstance(watch, MachineWatch):
        return Seen(samples, watch.held)
    moments, watch.moments = watch.moments, []
    others = list(watch.others)
    return Seen(samples, watch.held, moments, others)


class AwayWatch(ProcessWatch):
    """Of a process on a worker; the agent there looks at it."""

    stamped_there = True
    used_s: float | None = None

    def used_cpu_s(self) -> float | None:
        """CPU seconds when it was looked at last; None when it is gone."""
        return self.used_s

    def sample(self, phase: str = "") -> None:
        """Nothing: it is sampled there."""

    def take(self, seen: Seen) -> None:
        """Take over what was seen there."""
        self.samples += seen.samples
        self.held = seen.held


class AwayMachineWatch(MachineWatch, AwayWatch):
    """Of a worker's machine.

    Attributes:
        cores: how many the worker's processes may use.
    """

    def __init__(self, name: str, apart: Sequence[int], cores: int) -> None:
        super().__init__(apart)
        self.name, self.cores = name, cores

    used_cpu_s = AwayWatch.used_cpu_s  # type: ignore[assignment]
    sample = AwayWatch.sample

    def take(self, seen: Seen) -> None:
        """Take over what was seen there."""
        AwayWatch.take(self, seen)
        self.moments += seen.moments
        self.others = seen.others
