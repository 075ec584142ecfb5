"""Reading a run: ``run.json`` at once and strictly, the rows when they are asked for.

Whatever is wrong with a folder is told in one line that names the file. What reads Parquet is
loaded with the first rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pushlab.contract.profile import Profile
from pushlab.errors import RunError
from pushlab.runs.head import RunHead
from pushlab.runs.layout import RUN_FILE, SWEEP_FILE, RowsKind, rows_path
from pushlab.runs.profiles import read_profiles
from pushlab.runs.records import HUB, TrialRecord, decode

if TYPE_CHECKING:
    import pyarrow as pa

    from pushlab.runs.rows import ConnectRows, DeliveryRows, PublishRows, StampRows, TrafficRows

__all__ = ["Run", "latest_run"]


@dataclass(frozen=True, slots=True)
class Run(RunHead):
    """A run on disk, its trials read and checked.

    Attributes:
        profiles: what the transport of each cell was, with its settings.
    """

    trials: Sequence[TrialRecord]
    profiles: Mapping[str, Profile]

    @classmethod
    def _typed(cls, document: Mapping[str, Any]) -> Mapping[str, Any]:
        file, cells = document["path"] / RUN_FILE, document["cells"]
        trials = decode(list[TrialRecord], document["trials"], f"{file}: trials")
        for i, trial in enumerate(trials):
            if trial.cell not in cells:
                raise RunError(f"{file}: trials[{i}] is of the unknown cell {trial.cell!r}")
        profiles = read_profiles(document, cells, trials, f"{file}: profiles")
        return {
            "profiles": profiles,
            "trials": [replace(trial, profile=profiles[trial.cell]) for trial in trials],
        }

    @property
    def systems(self) -> dict[str, str]:
        """The server under test of every cell, by name: as its trials say, or as was planned."""
        planned = {
            one["label"]: one["system"]
            for one in self.scenario.get("transports", ())
            if isinstance(one.get("label"), str) and isinstance(one.get("system"), str)
        }
        planned |= {trial.cell: trial.system for trial in self.trials}
        return {cell: planned.get(cell, HUB) for cell in self.cells}

    def trials_of(self, cell: str) -> list[TrialRecord]:
        """The trials of one cell, by repetition."""
        return sorted((t for t in self.trials if t.cell == cell), key=lambda t: t.index)

    def table(self, kind: RowsKind, trial: TrialRecord) -> "pa.Table":
        """The rows of one kind of one trial, with the columns of its schema in `SCHEMAS`.

        Raises:
            RunError: the file is missing or damaged, or lacks a column; so for the others.
        """
        from pushlab.runs.rows import SCHEMAS, read_table

        return read_table(SCHEMAS[kind], rows_path(self.path, kind, trial.order))

    def publishes(self, trial: TrialRecord) -> "PublishRows":
        """The publishes of one trial as numpy arrays."""
        rows: PublishRows = self._rows("publishes", trial)
        return rows

    def deliveries(self, trial: TrialRecord) -> "DeliveryRows":
        """The deliveries of one trial as numpy arrays, all of them.

        Raises:
            RunError: as the others do; or there are too many, and `delivery_batches` has them.
        """
        rows: DeliveryRows = self._rows("deliveries", trial)
        return rows

    def delivery_batches(self, trial: TrialRecord) -> "Iterator[DeliveryRows]":
        """The deliveries of one trial as numpy arrays, about a million at a time."""
        from pushlab.runs.batches import read_batches
        from pushlab.runs.rows import DELIVERIES, DeliveryRows, arrays

        path = rows_path(self.path, "deliveries", trial.order)
        return (DeliveryRows(**arrays(table)) for table in read_batches(DELIVERIES, path))

    def connects(self, trial: TrialRecord) -> "ConnectRows":
        """How the subscribers of one trial were connected, as numpy arrays."""
        rows: ConnectRows = self._rows("connects", trial)
        return rows

    def traffic(self, trial: TrialRecord) -> "TrafficRows | None":
        """When a few observed subscribers of one trial sent and received, as numpy arrays.

        Returns:
            None where it was not written down: an older run, or a transport without a sans-I/O
            client half.
        """
        if not rows_path(self.path, "traffic", trial.order).exists():
            return None
        rows: TrafficRows = self._rows("traffic", trial)
        return rows if len(rows) else None

    def stamps(self, trial: TrialRecord) -> "StampRows | None":
        """The laboratory's stamps beside the kernel's, of one trial, as numpy arrays.

        Returns:
            None in an older run, and where the kernel stamped nothing.
        """
        if not rows_path(self.path, "stamps", trial.order).exists():
            return None
        rows: StampRows = self._rows("stamps", trial)
        return rows if len(rows) else None

    def _rows(self, kind: RowsKind, trial: TrialRecord) -> Any:
        from pushlab.runs.rows import ROWS, arrays

        return ROWS[kind](**arrays(self.table(kind, trial)))

    def to_pandas(self, what: str = "deliveries") -> Any:
        """One table of the run as a pandas DataFrame.

        Args:
            what: ``deliveries`` (each beside its publish), ``publishes``, ``trials``, ``summary``,
                or any other folder of rows; results/README.md has the columns.

        Raises:
            MissingExtra: pandas is not installed.
            UsageError: the run has no such table.
            RunError: a file of rows is missing or damaged; the run has not been analysed.
        """
        from pushlab.runs.tables import to_pandas

        return to_pandas(self, what)


def latest_run(root: Path) -> Path:
    """The newest run's or sweep's folder below `root`.

    Raises:
        RunError: there is none.
    """
    root = Path(root)
    found = [file for name in (RUN_FILE, SWEEP_FILE) for file in root.glob(f"*/{name}")]
    dated = [file for file in found if file.parent.name[:8].isdigit()]
    if not dated:
        raise RunError(f"{root}: there is no run in this folder")
    return max(dated, key=lambda file: (file.parent.name[:16], file.stat().st_mtime_ns)).parent
