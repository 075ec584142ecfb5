"""A run's folder on disk: write, read, validate. Measuring and analysing meet here alone.

What needs numpy and pyarrow, rows and writers, is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pushlab.runs.layout import SCHEMA_VERSION
from pushlab.runs.link import Link, network_in_words
from pushlab.runs.reader import Run, latest_run
from pushlab.runs.records import (
    HUB,
    BackplaneFigures,
    BrokerFigures,
    ClockFigures,
    ConnectFigures,
    CostWindow,
    MachineFigures,
    PublisherFigures,
    RemoteClock,
    ServerFigures,
    ShareFigures,
    SwarmFigures,
    TrialRecord,
    WitnessFigures,
    WorkerFigures,
    member_name,
    share_name,
)
from pushlab.runs.sweep import Sweep, SweepAxis, SweepPoint, SweepWriter, load_folder

if TYPE_CHECKING:
    from pushlab.runs.rows import ConnectRows, DeliveryRows, PublishRows, StampRows, TrafficRows
    from pushlab.runs.writer import RunWriter, write_summary, write_until

__all__ = [
    "HUB",
    "SCHEMA_VERSION",
    "BackplaneFigures",
    "BrokerFigures",
    "ClockFigures",
    "ConnectFigures",
    "ConnectRows",
    "CostWindow",
    "DeliveryRows",
    "Link",
    "MachineFigures",
    "PublishRows",
    "PublisherFigures",
    "RemoteClock",
    "Run",
    "RunWriter",
    "ServerFigures",
    "ShareFigures",
    "StampRows",
    "SwarmFigures",
    "Sweep",
    "SweepAxis",
    "SweepPoint",
    "SweepWriter",
    "TrafficRows",
    "TrialRecord",
    "WitnessFigures",
    "WorkerFigures",
    "latest_run",
    "load_folder",
    "member_name",
    "network_in_words",
    "share_name",
    "write_summary",
    "write_until",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "rows" if name.endswith("Rows") else "writer"
    return getattr(import_module(f"{__name__}.{home}"), name)
