"""What a run tells whoever watches it. The laboratory prints nothing itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pushlab.runs import TrialRecord

__all__ = [
    "LabEvent",
    "MachineKnown",
    "Observer",
    "Phase",
    "Progress",
    "RunFinished",
    "RunStarted",
    "SystemVerified",
    "TrialFinished",
    "TrialStarted",
]


class Phase(StrEnum):
    """What a trial is doing; the phases come in this order."""

    STARTING = "starting"  #: server, broker and swarm come up; tokens are made
    CONNECTING = "connecting"  #: every subscriber connects
    PROBING = "probing"  #: every subscriber gets a message
    WARMUP = "warm-up"
    MEASURING = "measuring"
    DRAINING = "draining"  #: waiting for what is still under way
    PARTS = "costs apart"  #: idle, and at another rate
    STOPPING = "stopping"  #: everybody leaves; counts are compared; processes end


@dataclass(frozen=True, slots=True)
class MachineKnown:
    """The machine was looked at before the run; `line` says what it can tell apart.

    Attributes:
        cannot: what it cannot.
    """

    line: str
    cannot: Sequence[str]


@dataclass(frozen=True, slots=True)
class SystemVerified:
    """What a server keeps of the contract was looked at before the run; `line` says what was seen.

    Attributes:
        breaks: whether it does not keep all of it.
    """

    line: str
    breaks: bool = False


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The folder stands; `cells` are the labels, in the order for tables."""

    path: Path
    cells: tuple[str, ...]
    trials: int


@dataclass(frozen=True, slots=True)
class TrialStarted:
    """Trial number `order` (from 0) begins: repetition `index` of `cell`."""

    order: int
    index: int
    cell: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a trial stands; told at each change of phase and about twice a second.

    Attributes:
        done_s, total_s: of this phase; `total_s` is None where nobody knows.
        connected: subscribers that the server has accepted.
        deliveries: so far, without probes.
        median_latency_s: of samples of the deliveries so far, to watch and not to keep; None
            before there are any.
    """

    order: int
    phase: Phase
    done_s: float = 0.0
    total_s: float | None = None
    connected: int = 0
    deliveries: int = 0
    median_latency_s: float | None = None


@dataclass(frozen=True, slots=True)
class TrialFinished:
    """A trial has ended, well or not, and is on disk."""

    record: TrialRecord


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run has ended; ``incomplete`` if it was stopped."""

    path: Path
    status: Literal["complete", "incomplete"]


LabEvent = (
    MachineKnown
    | SystemVerified
    | RunStarted
    | TrialStarted
    | Progress
    | TrialFinished
    | RunFinished
)
Observer = Callable[[LabEvent], None]
