"""What a transport costs a phone: radios as state machines, driven by times of traffic."""

from pushlab.analysis.energy.battery import (
    CellEnergy,
    energy_of,
    find_radios,
    run_energy,
    window_notes,
)
from pushlab.analysis.energy.radio import RADIOS, Radio, Spell, load_radios
from pushlab.analysis.energy.traces import Trace, measured_traces, predicted_trace
from pushlab.analysis.energy.use import Use, energy_use, timeline

__all__ = [
    "RADIOS",
    "CellEnergy",
    "Radio",
    "Spell",
    "Trace",
    "Use",
    "energy_of",
    "energy_use",
    "find_radios",
    "load_radios",
    "measured_traces",
    "predicted_trace",
    "run_energy",
    "timeline",
    "window_notes",
]
