"""What a transport costs a phone: radios as state machines, driven by times of traffic."""

from pushlab.analysis.energy.radio import RADIOS, Radio, Spell, load_radios
from pushlab.analysis.energy.traces import Trace, predicted_trace
from pushlab.analysis.energy.use import Use, energy_use, timeline

__all__ = [
    "RADIOS",
    "Radio",
    "Spell",
    "Trace",
    "Use",
    "energy_use",
    "load_radios",
    "predicted_trace",
    "timeline",
]
