"""What advice is asked for: each transport's traffic, and what its servers take."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from operator import add
from typing import Any

from pushlab.analysis.advice.ranges import Range
from pushlab.analysis.advice.today import Today
from pushlab.analysis.cost.guesses import ENDS, GUESSES, Guess, said
from pushlab.analysis.cost.measured import nothing_to_price, traffic_by_cell
from pushlab.analysis.cost.meter import Meter
from pushlab.analysis.cost.sizes import Row, Sizes, reference_sizes
from pushlab.analysis.cost.traffic import Traffic, predicted_traffic
from pushlab.analysis.forecast.calibration import Calibration, calibration_from
from pushlab.analysis.forecast.sizes import sizes_of
from pushlab.analysis.forecast.sizing import Workload
from pushlab.analysis.models.formulas import wasted_fraction
from pushlab.analysis.summary.summarise import Analysis
from pushlab.analysis.trials.costs import Load
from pushlab.contract.profile import Profile
from pushlab.errors import UsageError

__all__ = ["TODAY", "Asked", "asked_of_load", "asked_of_run"]

#: Where a figure is from that the owner said.
TODAY = "--today"

_INTERVAL_S = 5.0  # of polls beside a run that has measured none


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The question.

    Attributes:
        load: what each client gets, and how polls ask for it.
        traffic: of each cell; the first that polls at an interval is what push is held against.
        sizes: what the servers of each cell take.
        measured: the cells whose traffic was measured; the others' is by closed form.
        known: calibrations by transport, for crossovers.
        run: the name of what was measured; empty without.
        today: the owner's own figures; None: they were not said.
        plain: what servers take without them.
        rates_per_s: messages a second to each client, where a log leaves that open; None: it is
            known. `carried_bytes_per_s`: of their payloads for each client, however many they are.
        in_vain: the share of polls that bring nothing, where it was counted.
        beside: the bytes of an answer beside its messages, where a log has some of them.
        meters: of each cell, once it was priced.
    """

    load: Workload
    traffic: Mapping[str, Traffic]
    sizes: Mapping[str, Sizes]
    measured: frozenset[str] = frozenset()
    known: Mapping[str, Calibration]
    run: str = ""
    today: Today | None = None
    plain: Mapping[str, Sizes] = field(default_factory=dict)
    rates_per_s: Range | None = None
    carried_bytes_per_s: float | None = None
    in_vain: float | None = None
    beside: Guess | None = None
    meters: dict[str, Meter] = field(default_factory=dict, repr=False)

    @property
    def polled(self) -> str:
        """The cell that polls at an interval."""
        return next(
            cell
            for cell, each in self.traffic.items()
            if each.profile.delivery == "interval-poll" and not each.profile.messages_per_answer
        )

    @property
    def interval_s(self) -> float:
        """Between two polls."""
        found = self.traffic[self.polled].interval_s
        assert found is not None
        return found

    @property
    def per_interval(self) -> float:
        """Messages that come for a client between two polls."""
        return self.load.rate_per_s * self.interval_s

    def at_rate(self, rate_per_s: float) -> "Asked":
        """The same question for so many messages a second to each client, by closed form.

        Raises:
            UsageError: no closed form is known for a transport.
        """
        load, sizes = replace(self.load, rate_per_s=rate_per_s), self.plain or self.sizes
        if self.carried_bytes_per_s is not None:
            load = replace(load, payload_bytes=self.carried_bytes_per_s / rate_per_s)
        traffic = {
            cell: predicted_traffic(
                each.profile.retimed(interval_s=each.interval_s),
                clients=load.clients,
                rate_per_client_per_s=rate_per_s,
                payload_bytes=load.payload_bytes,
                one_way_s=load.one_way_s,
                per_channel=load.per_channel,
            )
            for cell, each in self.traffic.items()
        }
        rates = self.rates_per_s
        counted = rates is not None and rates.low <= rate_per_s <= rates.high
        return _as_today(
            replace(
                self,
                load=load,
                traffic=traffic,
                sizes=sizes,
                measured=frozenset(),
                in_vain=self.in_vain if counted else None,
                meters={},
            )
        )

    @property
    def guesses(self) -> Mapping[str, Guess]:
        """All of them; of an answer's bytes what the owner or a log says, if one does."""
        if self.beside is not None:
            return {**said(), self.beside.name: self.beside}
        if self.today is None or self.today.bytes_per_poll is None:
            return said()
        polled = self.traffic[self.polled]
        brought = polled.deliveries_per_s / polled.hits_per_s * polled.payload_bytes
        return said(header_down_bytes=max(0.0, self.today.bytes_per_poll - brought))

    @property
    def wasted(self) -> float:
        """The share of polls that bring nothing: counted, or if messages come at random times."""
        if self.in_vain is not None:
            return self.in_vain
        return wasted_fraction(rate_per_s=self.load.rate_per_s, interval_s=self.interval_s)


def asked_of_load(
    load: Workload,
    profiles: Mapping[str, Profile],
    known: Mapping[str, Calibration],
    *,
    source: str = "",
    today: Today | None = None,
    **counted: Any,
) -> Asked:
    """A load that was said.

    Args:
        profiles: what is compared, by name.
        known: what a run tells of servers, and `source`, its name.
        counted: further fields of `Asked` that a log tells.

    Raises:
        UsageError: a value is out of range.
    """
    if not load.rate_per_s:
        raise UsageError(
            "--rate-per-client is 0: nobody gets a message, so nothing is to be advised"
        )
    if today is not None:
        load = replace(load, interval_s=today.interval_s)
    asked = Asked(
        load=load,
        traffic={name: load.traffic(profile) for name, profile in profiles.items()},
        sizes=_sizes(profiles, known, source),
        known=known,
        today=today,
        **counted,
    )
    return _as_today(asked)


def asked_of_run(
    analysis: Analysis,
    profiles: Mapping[str, Profile],
    *,
    name: str,
    clients: float | None = None,
    today: Today | None = None,
) -> Asked:
    """What a run measured, and by closed form and the reference calibration what it did not.

    Args:
        profiles: what is compared, by name; those that the run has not measured are added.
        clients: so many that behave as those of the run; None: as many as it had.

    Raises:
        UsageError: no trial went well, or nobody got a message.
    """
    measured = traffic_by_cell(analysis.good)
    if not measured:
        raise UsageError(f"{name}: {nothing_to_price(analysis.good)}")
    if clients is not None:
        measured = {cell: each.scaled(clients) for cell, each in measured.items()}
    load = _load_of(measured, name, today)
    known = calibration_from([analysis])
    if today is not None:
        measured = {cell: _polled_as(each, today) for cell, each in measured.items()}
    seen = {each.transport for each in measured.values()}
    rest = {name: one for name, one in profiles.items() if name not in seen}
    traffic = {**measured, **{name: load.traffic(one) for name, one in rest.items()}}
    by_subject = _sizes(profiles, known, name)
    subjects = {cell: each.transport for cell, each in traffic.items()}
    subjects |= {cell: analysis.good[cell][0].record.subject for cell in measured}
    asked = Asked(
        load=load,
        traffic=traffic,
        sizes={
            cell: by_subject[subject] for cell, subject in subjects.items() if subject in by_subject
        },
        measured=frozenset(measured),
        known=known,
        run=name,
        today=today,
    )
    return _as_today(asked)


def _polled_as(traffic: Traffic, today: Today) -> Traffic:
    polls = traffic.profile.delivery == "interval-poll"
    return traffic.polled_every(today.interval_s) if polls else traffic


def _load_of(measured: Mapping[str, Traffic], name: str, today: Today | None) -> Workload:
    """The load of a run's clients. Raises UsageError."""
    one = next(iter(measured.values()))
    rate_per_s = one.deliveries_per_s / one.clients
    if not rate_per_s:
        raise UsageError(f"{name}: nobody got a message, so nothing is to be advised")
    intervals = [each.interval_s for each in measured.values() if each.interval_s]
    interval_s = today.interval_s if today else next(iter(intervals), _INTERVAL_S)
    return Workload(
        clients=one.clients,
        rate_per_s=rate_per_s,
        interval_s=interval_s,
        payload_bytes=one.payload_bytes,
        per_channel=one.clients / one.channels,
    )


def _sizes(
    profiles: Mapping[str, Profile], known: Mapping[str, Calibration], source: str
) -> dict[str, Sizes]:
    """Of a run where it has them, else of the run that comes with pushlab."""
    found = dict(reference_sizes())
    for name, calibration in known.items():
        if (told := sizes_of(calibration, source)) is not None:
            found[name] = told
    return {name: one for name, one in found.items() if name in {*profiles, *known}}


def _as_today(asked: Asked) -> Asked:
    """With what servers take by the owner's own figures of a poll; as it is without such.

    Polling takes what the owner says. Push takes what was measured, and of the work that the
    application does for polls that bring something, the part that the messages still need.
    """
    found, polled = dict(asked.sizes), asked.traffic[asked.polled]
    cpu = asked.today.cpu_of_a_poll(polled.hits_per_s) if asked.today else None
    if cpu is None or asked.polled not in found:
        return asked
    low, high = cpu
    middle = math.sqrt(low * high)
    rows = [Load(servers=0.0, hits=each).row for each in (low, middle, high)]
    found[asked.polled] = replace(
        found[asked.polled], least=[rows[0]], best=rows[1], most=[rows[2]], source=TODAY
    )
    useful_per_s = polled.hits_per_s * (1 - asked.wasted)
    kept, each = GUESSES["work_kept"], useful_per_s / polled.clients
    least, best, most = (
        Load(servers=0.0, connections=kept.at(end) * work * each).row
        for end, work in zip(ENDS, (low, middle, high), strict=True)
    )
    for cell, sizes in asked.sizes.items():
        if cell == asked.polled:
            continue
        found[cell] = replace(
            sizes,
            least=[_sum(least, row) for row in sizes.least],
            best=_sum(best, sizes.best),
            most=[_sum(most, row) for row in sizes.most],
            source=f"{sizes.source}, and the application's own work of {TODAY}",
        )
    return replace(asked, sizes=found, plain=asked.sizes)


def _sum(one: Row, other: Row) -> Row:
    return tuple(map(add, one, other))
