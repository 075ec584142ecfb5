"""A run's folder on disk: write, read, validate. Measuring and analysing meet here alone.

What is named here is loaded when it is first used: the processes that only carry a `Link` or a
record need not load the readers and writers of Parquet.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pushlab.runs.layout import SCHEMA_VERSION
    from pushlab.runs.link import Link, network_in_words
    from pushlab.runs.reader import Run, latest_run
    from pushlab.runs.records import (
        BrokerFigures,
        ClockFigures,
        ConnectFigures,
        PublisherFigures,
        ServerFigures,
        SwarmFigures,
        TrialRecord,
    )
    from pushlab.runs.rows import ConnectRows, DeliveryRows, PublishRows, TrafficRows
    from pushlab.runs.sweep import Sweep, SweepAxis, SweepPoint, SweepWriter, load_folder
    from pushlab.runs.writer import RunWriter, write_summary

_HOMES = {
    "layout": ["SCHEMA_VERSION"],
    "link": ["Link", "network_in_words"],
    "reader": ["Run", "latest_run"],
    "records": [
        "BrokerFigures",
        "ClockFigures",
        "ConnectFigures",
        "PublisherFigures",
        "ServerFigures",
        "SwarmFigures",
        "TrialRecord",
    ],
    "rows": ["ConnectRows", "DeliveryRows", "PublishRows", "TrafficRows"],
    "sweep": ["Sweep", "SweepAxis", "SweepPoint", "SweepWriter", "load_folder"],
    "writer": ["RunWriter", "write_summary"],
}

__all__ = [
    "SCHEMA_VERSION",
    "BrokerFigures",
    "ClockFigures",
    "ConnectFigures",
    "ConnectRows",
    "DeliveryRows",
    "Link",
    "PublishRows",
    "PublisherFigures",
    "Run",
    "RunWriter",
    "ServerFigures",
    "SwarmFigures",
    "Sweep",
    "SweepAxis",
    "SweepPoint",
    "SweepWriter",
    "TrafficRows",
    "TrialRecord",
    "latest_run",
    "load_folder",
    "network_in_words",
    "write_summary",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"pushlab.runs.{home}"), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
