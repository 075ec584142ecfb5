"""A run as tidy tables, for spreadsheets, pandas and DuckDB: one table for each kind of row.

``deliveries`` has each delivery beside its publish; ``trials`` and ``summary`` have one row per
trial and per cell; every other kind is a folder of row files in the run's folder, as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from pushlab.contract.setting import did_you_mean
from pushlab.errors import MissingExtra, RunError, UsageError
from pushlab.runs.batches import read_batches, read_schema
from pushlab.runs.joined import JOINED, Join, joined_table
from pushlab.runs.layout import rows_path
from pushlab.runs.records import TrialRecord
from pushlab.runs.rows import DeliveryRows, PublishRows

__all__ = ["table_kinds", "tables_of", "to_pandas"]

#: Tables within a row; ``per_trial`` is the table ``trials``.
_LEFT_OUT = frozenset({"per_trial", "items"})


class _Run(Protocol):
    """What is read of a run; `pushlab.runs.Run` is one."""

    @property
    def path(self) -> Path: ...
    @property
    def trials(self) -> Sequence[TrialRecord]: ...
    @property
    def summary(self) -> Mapping[str, Any] | None: ...

    def publishes(self, trial: TrialRecord) -> PublishRows: ...
    def delivery_batches(self, trial: TrialRecord) -> Iterator[DeliveryRows]: ...


def table_kinds(run: _Run) -> list[str]:
    """What `tables_of` can give of this run."""
    folders = sorted({path.parent.name for path in run.path.glob("*/trial-*.parquet")})
    return list(dict.fromkeys(["deliveries", "publishes", *folders, "trials", "summary"]))


def tables_of(run: _Run, what: str = "deliveries") -> Iterator[pa.Table]:
    """One table of a run, in parts of one schema, each read when it is asked for.

    A part has a million rows at most, and those of one trial.

    Raises:
        UsageError: there is no such table in this run.
        RunError: a file of rows is missing or damaged; the run has not been analysed.
    """
    kinds = table_kinds(run)
    if what not in kinds:
        hint = did_you_mean(what, kinds)
        raise UsageError(f"a run has no table {what!r}{hint} (it has {', '.join(kinds)})")
    if what == "deliveries":
        return _joined(run)
    if what in ("trials", "summary"):
        rows = list(_trial_rows(run) if what == "trials" else _summary_rows(run))
        if not rows:
            raise RunError(f"{run.path}: there is no trial in this run")
        return iter([_from_rows(rows)])
    return _rows(run, what)


def to_pandas(run: _Run, what: str = "deliveries") -> Any:
    """One table of a run as a pandas DataFrame; ``cell`` is a category, stamps stay whole numbers.

    All of it is in memory; who has more rows than fit there reads `tables_of` part by part.

    Raises:
        MissingExtra: pandas is not installed.
        UsageError, RunError: see `tables_of`.
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise MissingExtra('to_pandas() needs pandas: pip install "pushlab[pandas]"') from error
    table = pa.concat_tables(tables_of(run, what))
    frame = table.to_pandas(categories=["cell"])
    nullable = {
        pa.bool_(): pd.BooleanDtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
    }
    for name in table.column_names:  # else a null would turn whole nanoseconds into floats
        if table[name].null_count and table[name].type in nullable:
            frame[name] = table[name].to_pandas(types_mapper=nullable.get)
    return frame


def _joined(run: _Run) -> Iterator[pa.Table]:
    empty = True
    for trial in run.trials:
        publishes = run.publishes(trial)
        join = Join(trial, publishes)
        for deliveries in run.delivery_batches(trial):
            empty = False
            yield joined_table(trial, publishes, deliveries, join)
    if empty:
        yield JOINED.empty_table()


def _rows(run: _Run, kind: str) -> Iterator[pa.Table]:
    """The rows of one folder; a trial that failed before it had any may lack its file."""
    schema: pa.Schema | None = None
    for trial in run.trials:
        path = rows_path(run.path, kind, trial.order)
        if not path.exists() and trial.status != "ok":
            continue
        if schema is None:
            schema = _plain(path)
            yield schema.empty_table()
        yield from (table for table in read_batches(schema, path) if len(table))
    if schema is None:
        raise RunError(f"{run.path}: there are no {kind} in this run")


def _plain(path: Path) -> pa.Schema:
    """The schema of a file, with text in the place of dictionaries. Raises RunError."""
    fields = [
        field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field
        for field in read_schema(path)
    ]
    return pa.schema(fields)


def _trial_rows(run: _Run) -> Iterator[dict[str, Any]]:
    cells: Mapping[str, Any] = (run.summary or {}).get("transports", {})
    for trial in run.trials:
        row = {"cell": trial.cell, "trial": trial.index, **_flat(trial.to_json())}
        for figures in cells.get(trial.cell, {}).get("per_trial", ()):
            if figures["index"] == trial.index:
                row |= _flat(figures)
        del row["index"]
        yield row


def _summary_rows(run: _Run) -> Iterator[dict[str, Any]]:
    if run.summary is None:
        raise RunError(f"{run.path}: the run has not been analysed, it has no summary")
    for cell, figures in run.summary["transports"].items():
        yield {"cell": cell, **_flat(figures)}


def _flat(tree: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """The leaves of nested objects, named by their path: ``latency_s.p99``."""
    row: dict[str, Any] = {}
    for key, value in tree.items():
        name = above + key
        if key in _LEFT_OUT:
            continue
        if isinstance(value, Mapping):
            row |= _flat(value, f"{name}.")
        elif key.endswith("_ci"):
            row[f"{name}_low"], row[f"{name}_high"] = value or (None, None)
        elif not isinstance(value, list):
            row[name] = value
        elif all(isinstance(item, str) for item in value):
            row[name] = "; ".join(value)
    return row


def _from_rows(rows: list[dict[str, Any]]) -> pa.Table:
    """A table of all keys, in the order in which they first come; absent is null."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        kinds = {type(value) for value in values if value is not None}
        if len(kinds) > 1 and kinds != {int, float}:  # an option that is a number here, text there
            values = [None if value is None else str(value) for value in values]
        array = pa.array(values)
        # Nothing but nulls: figures are numbers, and no reader likes a column without a type.
        columns[name] = array.cast(pa.float64()) if pa.types.is_null(array.type) else array
    return pa.table(columns)
