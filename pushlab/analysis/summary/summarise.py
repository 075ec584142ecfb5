"""A run's trials analysed, each once, and put together: figures of each cell, ranks, caveats."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from pushlab.analysis.stats.percentiles import is_unstable
from pushlab.analysis.summary.by_system import named
from pushlab.analysis.summary.catalogue import FIGURES, per_trial, ranked
from pushlab.analysis.summary.caveats import caveats_of
from pushlab.analysis.summary.comparison import rank_cells
from pushlab.analysis.summary.disturbance import disturbances_of, remarks_of
from pushlab.analysis.summary.figure import CellTrials
from pushlab.analysis.summary.findings import findings_of
from pushlab.analysis.summary.model import CellSummary, RunSummary, nested
from pushlab.analysis.trials.costs import service_of
from pushlab.analysis.trials.figures import TrialFigures, figures_of, prediction_of
from pushlab.runs import Run

__all__ = ["Analysis", "analyse", "summarise", "summarise_cells"]


class Analysis:
    """A run whose rows have been read, once; everything that draws or compares is handed it.

    Attributes:
        cells: the trials of each cell, failed ones included.
        floor_s: the mean latency of the null transport, the harness's own floor; None if the run
            has none.
    """

    def __init__(
        self, run: Run, cells: Mapping[str, CellTrials], floor_s: float | None = None
    ) -> None:
        self.run = run
        self.cells = cells
        self.floor_s = floor_s

    @cached_property
    def good(self) -> dict[str, list[TrialFigures]]:
        """The trials of each cell that went well."""
        return {cell: trials.good for cell, trials in self.cells.items()}

    @cached_property
    def summary(self) -> RunSummary:
        """What the run amounts to."""
        cells = summarise_cells(self.cells, self.run.systems, self.run.titles)
        rankings = rank_cells(self.cells, cells, self.floor_s)
        return RunSummary(
            cells,
            rankings,
            self.floor_s,
            caveats_of(self.run, self.cells, cells),
            findings_of(cells, rankings, self.run.profiles, self.floor_s),
        )


def analyse(run: Run) -> Analysis:
    """Read every trial of a run.

    Raises:
        RunError: a file of rows is missing or damaged.
    """
    trials = {cell: [figures_of(run, t) for t in run.trials_of(cell)] for cell in run.cells}
    floor = CellTrials([t for each in trials.values() for t in each if t.record.floor])
    floor_s = max(0.0, floor.samples("latency_s").value("mean") or 0.0)
    for cell, each in trials.items():  # what a delivery takes on loopback, and of the server
        service = service_of([t for t in each if t.record.status == "ok"])
        if floor_s or service:
            trials[cell] = [
                replace(t, predicted=prediction_of(t.record, t.rows, floor_s, service))
                for t in each
            ]
    cells = {cell: CellTrials(each, looks=run.looks) for cell, each in trials.items()}
    return Analysis(run, cells, floor_s or None)


def summarise(run: Run) -> RunSummary:
    """The summary of a run, made from its rows. Raises RunError, as `analyse` does."""
    return analyse(run).summary


def summarise_cells(
    cells: Mapping[str, CellTrials],
    systems: Mapping[str, str],
    titles: Mapping[str, str] | None = None,
) -> dict[str, CellSummary]:
    """The figures of each cell.

    Args:
        systems: the name of each cell's server.
        titles: of servers that have another than their name.
    """
    floor = next((trials for trials in cells.values() if trials.floor), None)
    found = {}
    for cell, trials in cells.items():
        name = systems[cell]
        found[cell] = _cell(trials, floor, name, (titles or {}).get(name, ""))
    return found


def _cell(trials: CellTrials, floor: CellTrials | None, system: str, title: str) -> CellSummary:
    good, first = trials.good, trials.first
    reasons = [t.record.reason for t in trials.all if t.record.status != "ok" and t.record.reason]
    brokers = [t.record.broker for t in good if t.record.broker]
    backplanes = [t.record.backplane for t in good if t.record.backplane]
    servers = [t.record.server for t in good if t.record.server]
    made = {one.name: trials.estimate(one) for one in FIGURES.values() if one.stored}
    known = [name for name in made if FIGURES[name].interval and made[name].value is not None]
    intervals = {name: made[name].interval() for name in known}
    return CellSummary(
        status=_status(trials),
        reason="; ".join(dict.fromkeys(reasons)) or None,
        transport=first.transport if first else None,
        options=dict(first.options) if first else {},
        client=first.client if first else None,
        system=system,
        title=title,
        fresh=all(server.fresh for server in servers),
        unwatched=next((server.unwatched for server in servers if server.unwatched), ""),
        floor=trials.floor,
        values={name: estimate.value for name, estimate in made.items()},
        intervals={name: found for name, found in intervals.items() if found is not None},
        withheld={name: why for name in known if (why := made[name].withheld)},
        hits=_summed([t.hits for t in good]),
        hits_setup=_summed([t.hits_setup for t in good]),
        hits_source=good[0].hits_source if good else None,
        broker=f"{brokers[0].kind} {brokers[0].version}".strip() if brokers else None,
        backplane=f"{backplanes[0].kind} {backplanes[0].version}".strip() if backplanes else None,
        hub_workers=max([1, *(len(server.workers) for server in servers)]),
        price=trials.price,
        predicted=trials.predicted,
        remarks=remarks_of(trials),
        disturbances=disturbances_of(trials, floor, server=named(system, title)),
        unstable=_unstable(good),
        per_trial=[_trial(t) for t in trials.all],
    )


def _status(trials: CellTrials) -> str:
    if trials.good:
        return "partly-failed" if trials.states["failed"] else "ok"
    return "failed" if trials.states["failed"] else "not-run"


def _summed(each: Sequence[Mapping[str, int]]) -> dict[str, int]:
    kinds = sorted({kind for hits in each for kind in hits})
    return {kind: sum(hits.get(kind, 0) for hits in each) for kind in kinds}


def _trial(trial: TrialFigures) -> dict[str, object]:
    alone, record = CellTrials([trial], whatever=True), trial.record
    told = {name: getattr(record, name) for name in ("index", "order", "status", "reason")}
    figures = {one.name: alone.estimate(one).value for one in per_trial()}
    return nested({**told, "marks": list(record.marks), **figures})


def _unstable(good: Sequence[TrialFigures]) -> list[str]:
    """The ranked figures that differ too much between trials."""
    alone = [CellTrials([trial]) for trial in good]
    return [
        one.key
        for one in ranked()
        if is_unstable([each.estimate(one).value or 0.0 for each in alone])
    ]
