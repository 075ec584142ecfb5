"""What every transport of a workload or of a run asks of a phone's battery, radio by radio."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from pushlab.analysis.energy.radio import RADIOS, Radio, load_radios
from pushlab.analysis.energy.traces import Trace, joined, measured_traces, predicted_trace
from pushlab.analysis.energy.use import Use, energy_use
from pushlab.contract.profile import Profile
from pushlab.errors import UsageError
from pushlab.runs import Run

__all__ = ["CellEnergy", "alike_notes", "energy_of", "find_radios", "run_energy", "window_notes"]

_ALIKE = 1.01
_SHORT_S = 120.0  # a window that a keep-alive may miss


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEnergy:
    """One transport setting on every radio.

    Attributes:
        profile: what the transport is.
        traces: of the clients that it was computed from, all of one span.
        uses: of all these clients' windows, one behind the other, by radio.
        measured: whether a run wrote the traces; else closed rules did.
    """

    cell: str
    profile: Profile
    traces: Sequence[Trace]
    uses: Mapping[str, Use]
    measured: bool

    def to_json(self, battery_wh: float) -> dict[str, Any]:
        """The figures in plain values."""
        return {
            "transport": self.profile.name,
            "measured": self.measured,
            "clients": len(self.traces),
            "span_s": self.traces[0].span_s,
            "radios": {
                name: {
                    **asdict(use),
                    "battery_percent_per_hour": use.battery_percent_per_hour(battery_wh),
                }
                for name, use in self.uses.items()
            },
        }


def find_radios(names: str | None) -> list[Radio]:
    """Radios by their names with commas between; all for None.

    Raises:
        UsageError: there is no such radio.
    """
    known = load_radios()
    wanted = list(RADIOS) if names is None else [part.strip() for part in names.split(",")]
    for name in wanted:
        if name not in known:
            raise UsageError(f"unknown radio {name!r} (known: {', '.join(known)})")
    return [known[name] for name in dict.fromkeys(wanted)]


def energy_of(
    cell: str,
    profile: Profile,
    traces: Sequence[Trace],
    radios: Sequence[Radio],
    *,
    measured: bool = False,
) -> CellEnergy:
    """The use of one client's radio that lives these clients' windows one behind the other.

    A window is often shorter than a radio's tail, so each by itself would tell of clients that
    sleep for ever and of others that never do.

    Raises:
        UsageError: there is no trace.
    """
    if not traces:
        raise UsageError(f"{cell}: there is no traffic to compute energy from")
    whole = joined(traces)
    uses = {
        radio.name: energy_use(
            radio,
            whole.times_s,
            whole.span_s,
            up=whole.up,
            down=whole.down,
        )
        for radio in radios
    }
    return CellEnergy(cell=cell, profile=profile, traces=traces, uses=uses, measured=measured)


def run_energy(run: Run, radios: Sequence[Radio]) -> tuple[list[CellEnergy], list[str]]:
    """What each cell with a good trial asks of these radios, and the cells that nobody can tell of.

    Where the run did not write down who sent when, the trace is predicted from the cell's settings;
    there is none of a transport without closed rules.

    Raises:
        RunError: a file of rows is damaged.
    """
    known, unknown = [], []
    size = float(run.scenario.get("payload_bytes", 100))
    for cell, profile in run.profiles.items():
        good = [t for t in run.trials_of(cell) if t.status == "ok" and not t.floor]
        if not good:
            continue
        traces = measured_traces(run, good)
        measured = bool(traces)
        if not traces and profile.has_closed_form:
            rate = good[0].rate_per_channel
            traces = [predicted_trace(profile, rate_per_s=rate, payload_bytes=size)]
        if traces:
            known.append(energy_of(cell, profile, traces, radios, measured=measured))
        else:
            unknown.append(cell)
    return known, unknown


def alike_notes(cells: Sequence[CellEnergy], radios: Sequence[Radio]) -> list[str]:
    """On which radios transports differ by their packets alone; empty where none do.

    Those whose radios are woken alike take the same but for what their bytes cost.
    """
    found = []
    for radio in radios:
        uses = sorted((cell.uses[radio.name].joules_per_hour, cell.cell) for cell in cells)
        pairs = [
            f"{one} and {other} ({more - less:.2g} J an hour apart)"
            for (less, one), (more, other) in pairwise(uses)
            if less < more <= less * _ALIKE
        ]
        if pairs:
            found.append(f"{radio.title}: {', '.join(pairs)}")
    if not found:
        return []
    return [
        f"Told apart by their packets alone, since the radio is woken alike: {'; '.join(found)}."
        " What wakes it costs more than what is sent."
    ]


def window_notes(cells: Sequence[CellEnergy]) -> list[str]:
    """What to know of figures that rest on short measured windows; empty where none is short."""
    spans = [cell.traces[0].span_s for cell in cells if cell.measured]
    if not spans or min(spans) >= _SHORT_S:
        return []
    return [
        f"The windows of these clients, {min(spans):g} s each, one behind the other stand for"
        " the hour: keep-alives that did not fall into them are not counted."
    ]
