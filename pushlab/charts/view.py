"""What every chart draws from: the figures of a run by cell, and the words around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pushlab.analysis.cost.architectures import DEFAULT, Architecture
from pushlab.analysis.cost.month import Costs
from pushlab.analysis.cost.of_run import run_costs
from pushlab.analysis.cost.telling import contenders, place_words, within_words
from pushlab.analysis.summary.by_system import BySystem, by_system
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.analysis.summary.model import CellSummary
from pushlab.analysis.summary.summarise import Analysis, analyse
from pushlab.charts.style import CellStyle, cell_styles
from pushlab.quantities import counted, exact_duration, ratio
from pushlab.runs import HUB, Run, network_in_words
from pushlab.tables.figures import held_against

__all__ = ["RunView", "machine_words", "view_of"]

_AIR = 0.3  # of a row
#: The figures whose remarks stand with the rows of charts.
_DRAWN = ("latency_s", "hits_per_delivery", "cpu_s_per_delivery")


@dataclass(frozen=True)
class RunView:
    """A run, ready to be drawn.

    Attributes:
        analysis: its trials and their figures.
        cell_styles: how each cell is drawn.
        architecture: within which months are compared.
    """

    analysis: Analysis
    cell_styles: Mapping[str, CellStyle]
    architecture: Architecture = DEFAULT

    @cached_property
    def costs(self) -> Costs:
        """A month of each cell's traffic in every architecture."""
        return run_costs(self.analysis.good, chosen=self.architecture)

    @property
    def run(self) -> Run:
        """The run."""
        return self.analysis.run

    @property
    def summaries(self) -> Mapping[str, CellSummary]:
        """The figures of each cell."""
        return self.analysis.summary.cells

    @cached_property
    def grid(self) -> BySystem:
        """The cells by transport and server."""
        return by_system(self.summaries)

    @property
    def cells(self) -> list[str]:
        """All cells, the harness floor last."""
        return self.rivals + [cell for cell, one in self.summaries.items() if one.floor]

    @property
    def rivals(self) -> list[str]:
        """The cells without the harness floor, in the scenario's order; a transport's together."""
        return self.grid.cells

    def places(self, cells: Sequence[str]) -> list[float]:
        """Where rows stand: one below the other, with air between the transports of servers."""
        found, at = [], -1.0
        for i in range(len(cells)):
            apart = i and self.grid.several and self.starts_group(cells, i)
            at += 1.0 + (_AIR if apart else 0.0)
            found.append(at)
        return found

    def starts_group(self, cells: Sequence[str], i: int) -> bool:
        """Whether the row's transport is another than that of the row above."""
        above, here = (self.cell_styles[cells[place]].setting for place in (i - 1, i))
        return i == 0 or above != here

    def beside(self, cell: str, figure: str) -> str:
        """What a cell is of the same at the first server: ``0.42 ×``, ``alike``; else empty."""
        ranking = self.analysis.summary.rankings.get(figure)
        there = next((one for one in self.grid.settings.values() if cell in one.values()), {})
        first = next(iter(there.values()), cell)
        pair = ranking.of(first, cell) if ranking and self.grid.several else None
        if pair is None or not (pair.claimed or pair.alike):
            return ""
        value, _ = pair.over(first)
        return "alike" if pair.alike else ratio(value) if value is not None else ""

    @property
    def names(self) -> dict[str, str]:
        """The cells' names as they stand inside a sentence."""
        return {cell: style.within for cell, style in self.cell_styles.items()}

    def finding(self, chart: str) -> str:
        """What the chart of that name says."""
        if chart != "5-cost" or self.architecture is DEFAULT:
            return self.analysis.summary.findings[chart]
        whole = [one for one in self.costs.within if self.summaries[one.cell].is_whole]
        text = within_words(contenders(whole, self.names), place_words(self.architecture))
        return text[:1].upper() + text[1:]

    def problem(self, cell: str) -> str | None:
        """Why there is nothing to draw for a cell, in few words; None if there is something."""
        summary = self.summaries[cell]
        if summary.status == "not-run":
            return "not run"
        if not summary["trials.ok"]:
            return f"failed: {summary.reason or 'no reason is known'}"
        return None if summary["delivered"] else "no deliveries"

    def remark(self, cell: str, figure: str) -> str:
        """What to hold against a cell's `figure`, by its key, for the chart: empty, or words."""
        summary = self.summaries[cell]
        words = held_against(summary, FIGURES.get(figure) or FIGURES[f"{figure}.mean"])
        words += summary.own_marks
        if summary.status == "partly-failed":
            failed = summary.count("trials.failed")
            words.append(f"{failed} trial{'s' if failed > 1 else ''} failed")
        if summary["lost"]:
            words.append(f"{summary.count('lost'):,} lost")
        return " · ".join(words)

    def summary_remarks(self, cell: str) -> str:
        """What is to be held against any figure that rows are drawn of."""
        return "".join(self.remark(cell, figure) for figure in _DRAWN)

    def scenario(self) -> str:
        """The scenario in one line."""
        trial = next(iter(self.run.trials), None)
        name = str(self.run.scenario.get("name", "run"))
        if not self.grid.several and self.grid.first not in ("", HUB):
            name += f" on {self.grid.named()}"
        if trial is None:
            return name
        if trial.channels == 1:
            rooms = "one channel shared by all"
        elif trial.per_channel == 1:
            rooms = "a channel each"
        else:
            rooms = f"channels of {trial.per_channel:,}"
        arrivals = "Poisson" if trial.arrivals == "poisson" else trial.arrivals
        rate = f"{trial.rate_per_channel:g} messages/s per channel"
        if trial.channels == 1:
            rate = f"{trial.rate_per_channel:g} messages/s"
        network = network_in_words(trial.link, tls=trial.tls)
        parts = [f"{trial.clients:,} clients", rooms, rate, f"{arrivals} arrivals", network]
        parts.append(self._hubs())
        return f"{name}: {', '.join(part for part in parts if part)}"

    def _hubs(self) -> str:
        """Of how many processes the hub was, and what they shared; empty: of one, alone."""
        there = [trial for trial in self.run.trials if trial.backplane and trial.server]
        if not there:
            return ""
        count = max(1, *(len(trial.server.workers) for trial in there if trial.server))
        kinds = sorted({trial.backplane.kind for trial in there if trial.backplane})
        return f"{count} hub{'s' * (count > 1)} on {' and '.join(kinds)}"

    def footer(self) -> str:
        """Sample size, duration and machine in one line."""
        sizes = [self.summaries[cell].count("latency_s.count") for cell in self.rivals]
        sizes = [size for size in sizes if size]
        if not sizes:
            size = "no deliveries"
        elif min(sizes) == max(sizes):
            size = f"n = {sizes[0]:,} deliveries each"
        else:
            size = f"n = {min(sizes):,} to {max(sizes):,} deliveries"
        good = [t for trials in self.analysis.good.values() for t in trials]
        each = max((len(trials) for trials in self.analysis.good.values()), default=0)
        length = max((t.record.duration_s for t in good), default=0.0)
        spans = f"{counted(each, 'trial')} of {exact_duration(length)}" if good else "no trial"
        partly = "" if self.run.status == "complete" else " · run not complete"
        place = f"{machine_words(self.run)} · pushlab {self.run.pushlab_version}"
        stars = self.grid.several and any(map(self.summary_remarks, self.rivals))
        return f"{size} · {spans} · {place}{partly}" + " · *: the report has a remark" * stars


def machine_words(run: Run | None) -> str:
    """The machine of a run, for a footer."""
    known = run.environment if run else {}
    if workers := known.get("workers"):
        kinds = {_machine_words(about) for about in workers.values()}
        return f"{len(workers)} workers: {'; '.join(sorted(kinds))}"
    return _machine_words(known)


def _machine_words(known: Mapping[str, Any]) -> str:
    machine = known.get("processor") or known.get("cpu") or "unknown machine"
    return f"{machine}, {known['cores']} cores" if known.get("cores") else str(machine)


def view_of(found: Run | Analysis, architecture: Architecture = DEFAULT) -> RunView:
    """What the charts need.

    Args:
        found: a run, whose rows are read now; or what `analyse` has made of it.
        architecture: within which months are compared.

    Raises:
        RunError: a file of rows is missing or damaged.
    """
    analysis = analyse(found) if isinstance(found, Run) else found
    summaries = analysis.summary.cells
    floors = [cell for cell, summary in summaries.items() if summary.floor]
    browsers = [cell for cell, summary in summaries.items() if summary.client == "browser"]
    systems = {cell: (summary.system, summary.server) for cell, summary in summaries.items()}
    styles = cell_styles(analysis.run.profiles, floors, browsers, systems)
    return RunView(analysis, styles, architecture)
