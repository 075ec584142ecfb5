"""What a trial is told, and what it leaves."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from pushlab.contract.profile import Profile
from pushlab.lab.scenario.cells import Cell
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.schedule import Schedule, make_schedule
from pushlab.lab.trial.events import Progress
from pushlab.runs import Link, TrialRecord
from pushlab.runs.batches import Rows

__all__ = [
    "Tell",
    "TrialOutcome",
    "TrialPlan",
    "floor_plan",
    "order_of_trials",
]

_FLOOR_WARMUP_S = 0.1
_FLOOR_S = 0.5
_LEAST_WINDOW_S = 1.0  # beside which costs are taken apart

Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """One execution of one cell.

    Attributes:
        order: its place in the run, from 0.
        index: which repetition of its cell, from 0.
        floor: the harness's own floor, no competitor.
        another_follows: whether the next trial needs processes too, so that they may come up while
            this one is put away.
    """

    scenario: Scenario
    cell: Cell
    order: int
    index: int
    floor: bool = False
    another_follows: bool = False

    @property
    def seed(self) -> int:
        """Of the subscribers' phases and the messages' letters; the same for every cell."""
        return int(np.random.SeedSequence([self.scenario.seed, self.index]).generate_state(1)[0])

    @property
    def channels(self) -> list[str]:
        """The channels' names, by number."""
        return [f"lab/{number}" for number in range(self.scenario.channel_count)]

    @property
    def parts_s(self) -> float:
        """How long the windows are from which costs are taken apart; 0: there are none.

        At most half of the measured one, and none beside what is too short to tell of CPU.
        """
        scenario = self.scenario
        if self.floor or self.cell.client == "browser" or scenario.duration_s < _LEAST_WINDOW_S:
            return 0.0
        return min(scenario.parts_s, scenario.duration_s / 2)

    def schedule(self) -> Schedule:
        """When to publish; the same for every cell of one repetition."""
        scenario = self.scenario
        return make_schedule(
            arrivals=scenario.arrivals,
            channels=scenario.channel_count,
            rate_per_s=scenario.rate_per_s,
            warmup_s=scenario.warmup_s,
            duration_s=scenario.duration_s,
            seed=scenario.seed,
            repetition=self.index,
            burst_size=scenario.burst_size,
            burst_gap_s=scenario.burst_gap_s,
            trace=scenario.trace,
            payload_bytes=scenario.payload_bytes,
        )

    def record(self, **figures: Any) -> TrialRecord:
        """The trial's record with `figures` filled in."""
        scenario = self.scenario
        return TrialRecord(
            index=self.index,
            order=self.order,
            cell=self.cell.label,
            transport=self.cell.transport,
            system=self.cell.system,
            options=dict(self.cell.options),
            client=self.cell.client,
            clients=scenario.clients,
            channels=scenario.channel_count,
            per_channel=scenario.per_channel,
            rate_per_channel=scenario.rate_per_s,
            arrivals=scenario.arrivals,
            duration_s=scenario.duration_s,
            link=scenario.link,
            tls=scenario.tls,
            floor=self.floor,
            profile=Profile() if self.floor else self.cell.make().in_force(scenario.hub_settings),
            **figures,
        )


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """What a trial leaves: its record and its raw rows (see `pushlab.runs.rows`), if there are.

    Deliveries come in pieces; they are never all in memory.
    """

    record: TrialRecord
    rows: Mapping[str, Rows] = field(default_factory=dict)


def floor_plan(scenario: Scenario, cell: Cell, order: int, index: int) -> TrialPlan:
    """A trial of the harness's own floor: short, since nothing in it depends on a network."""
    replayed = scenario.arrivals == "trace"
    short = dataclasses.replace(
        scenario,
        arrivals="poisson" if replayed else scenario.arrivals,
        trace="",
        warmup_s=min(scenario.warmup_s, _FLOOR_WARMUP_S),
        duration_s=min(scenario.duration_s, _FLOOR_S),
        stall_s=0.0,
        swarm_workers=1,
        link=Link(),
        tls=False,
    )
    return TrialPlan(short, cell, order, index, floor=True)


def order_of_trials(cells: int, seed: int) -> Iterator[tuple[int, int]]:
    """The order of execution as (cell, repetition), without end; each repetition in another."""
    rng = np.random.default_rng([seed, 0x0DE5])
    return ((int(cell), index) for index in count() for cell in rng.permutation(cells))
