"""A trace in a file of its own: CSV or Parquet with the columns ``time``, ``channel``, ``size``.

``time`` is in seconds after the start; what lies years after it, or is a date, is counted from the
first message. ``channel`` is the channel's number from 0; other names are numbered in the order in
which they come, and are not kept. ``size`` in bytes may be missing.
"""

import csv
import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pushlab.contract.setting import shown
from pushlab.errors import ScenarioError
from pushlab.lab.scenario.trace import Message, parse_trace, trace_text

__all__ = ["read_trace", "with_trace", "write_trace"]

_ENDINGS = (".csv", ".parquet")
_COLUMNS = ("time", "channel", "size")
_DATED_S = 1e8  #: so far from its start lies no message: it is counted from 1970


def with_trace(data: Mapping[str, Any], folder: Path, where: str) -> Mapping[str, Any]:
    """What a scenario file says, with the text of the trace that it names a file of.

    Args:
        folder: in which the file is looked for.
        where: the place of the key, for errors.

    Raises:
        ScenarioError: the file cannot be read, or is no trace.
    """
    named = data.get("trace")
    if not isinstance(named, str) or not named.strip().endswith(_ENDINGS):
        return data
    try:
        text = read_trace(folder / named.strip())
    except ScenarioError as error:
        raise ScenarioError(f"{where}: {error}") from error
    return {**data, "trace": text}


def read_trace(path: Path) -> str:
    """The text of the trace in a CSV or Parquet file.

    Raises:
        ScenarioError: it cannot be read, or is no trace; the text has the path and the row.
    """
    try:
        path.open("rb").close()  # Arrow tells less of what is wrong
        rows = list(_parquet(path) if path.suffix == ".parquet" else _csv(path))
        if not rows:
            raise ValueError(f"has no message; it needs the columns {', '.join(_COLUMNS)}")
        return _checked(_messages(rows))
    except OSError as error:
        told = error.strerror or str(error)
        raise ScenarioError(f"{path}: cannot be read ({told})") from error
    except (ValueError, csv.Error) as error:
        raise ScenarioError(f"{path}: {' '.join(str(error).split())}") from error


def write_trace(path: Path, text: str) -> None:
    """Write a trace's text as CSV. Raises OSError."""
    trace = parse_trace(text)
    with path.open("x", encoding="ascii", newline="") as file:
        write = csv.writer(file, lineterminator="\n").writerow
        write(_COLUMNS)
        columns = (trace.at_s, trace.channel, trace.payload_bytes)
        for at_s, channel, size in zip(*(each.tolist() for each in columns), strict=True):
            write((f"{at_s:.6f}".rstrip("0").rstrip("."), channel, size or ""))


_Row = tuple[Any, Any, Any]


def _csv(path: Path) -> Iterator[_Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        _check_columns(rows.fieldnames or ())
        for row in rows:
            yield row["time"], row["channel"], row.get("size") or None


def _parquet(path: Path) -> Iterator[_Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = pq.read_schema(path).names
        _check_columns(names)
        table = pq.read_table(path, columns=[name for name in _COLUMNS if name in names])
    except pa.ArrowException as error:
        raise ValueError(f"is no Parquet file ({error})") from error
    columns = [table[name].to_pylist() for name in table.column_names]
    if "size" not in names:
        columns.append([None] * table.num_rows)
    yield from zip(*columns, strict=True)


def _check_columns(names: Any) -> None:
    missing = [name for name in _COLUMNS[:2] if name not in names]
    if missing:
        found = shown(", ".join(map(str, names)) or "nothing")
        told = f"has no column {' and none '.join(missing)}"
        raise ValueError(f"{told}; it needs {', '.join(_COLUMNS)}, and its first line has {found}")


def _messages(rows: list[_Row]) -> list[Message]:
    """The rows as messages. Raises ValueError."""
    numbers: dict[str, int] = {}
    counted = all(str(row[1]).isdecimal() for row in rows)
    found = []
    for number, (time, channel, size) in enumerate(rows, 1):
        try:
            if channel in (None, ""):
                raise ValueError
            to = int(channel) if counted else numbers.setdefault(str(channel), len(numbers))
            found.append((_seconds(time), to, int(size) if size is not None else 0))
        except (ValueError, TypeError, OverflowError):
            what = shown(
                ", ".join("" if one is None else str(one) for one in (time, channel, size))
            )
            told = "is no time in seconds or as a date, channel, and size in whole bytes"
            raise ValueError(f"message {number}: {what} {told}") from None
    first_s = min(at_s for at_s, *_ in found)
    if first_s >= _DATED_S:
        found = [(at_s - first_s, to, size) for at_s, to, size in found]
    return found


def _seconds(time: Any) -> float:
    if isinstance(time, str):
        try:
            return float(time)
        except ValueError:
            time = datetime.datetime.fromisoformat(time)
    if isinstance(time, datetime.datetime):
        zone = time.tzinfo or datetime.UTC
        return time.replace(tzinfo=zone).timestamp()
    return float(time)


def _checked(messages: list[Message]) -> str:
    """The text. Raises ValueError: a message is none."""
    text = trace_text(messages)
    try:
        parse_trace(text)
    except ValueError as error:
        raise ValueError(str(error).replace("line ", "in order of time, message ")) from error
    return text
