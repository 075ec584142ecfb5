"""A run's folder on disk: write, read, validate. Measuring and analysing meet here alone."""

from pushlab.runs.layout import SCHEMA_VERSION
from pushlab.runs.link import Link, network_in_words
from pushlab.runs.reader import Run, latest_run
from pushlab.runs.records import (
    BrokerFigures,
    ConnectFigures,
    PublisherFigures,
    ServerFigures,
    SwarmFigures,
    TrialRecord,
)
from pushlab.runs.rows import ConnectRows, DeliveryRows, PublishRows
from pushlab.runs.sweep import (
    Sweep,
    SweepAxis,
    SweepPoint,
    SweepWriter,
    load_folder,
)
from pushlab.runs.writer import RunWriter, write_summary

__all__ = [
    "SCHEMA_VERSION",
    "BrokerFigures",
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
    "TrialRecord",
    "latest_run",
    "load_folder",
    "network_in_words",
    "write_summary",
]
