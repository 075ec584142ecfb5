"""Lines of an access log as columns: whatever their format, a time, a target, a status, a size."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pushlab.analysis.log.moments import time_of

__all__ = ["UNKNOWN", "Lines", "column", "each", "times"]

#: The size of an answer that the log does not tell, and the status of one that it tells wrongly.
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Lines:
    """Requests in the order of their lines.

    Attributes:
        at_s: float64, seconds since 1970; NaN: the line is broken.
        target: what was asked for, with its query where the log has it (Arrow, binary).
        status: int16; `UNKNOWN`: the line is broken.
        size: int64, of the answer in bytes; `UNKNOWN`: not told.
        who: address and user agent, as far as the log has them (Arrow, binary). It is a person's,
            and is not kept.
    """

    at_s: npt.NDArray[np.float64]
    target: Any
    status: npt.NDArray[np.int16]
    size: npt.NDArray[np.int64]
    who: Any

    def __len__(self) -> int:
        return len(self.at_s)

    @property
    def whole(self) -> npt.NDArray[np.bool_]:
        """Which lines have all that a request must have."""
        return np.asarray(np.isfinite(self.at_s) & (self.status != UNKNOWN), bool)


def each(values: Any, read: Callable[[bytes], float], kind: Any) -> npt.NDArray[Any]:
    """What `read` makes of each value of an Arrow column; it is asked once for those alike."""
    encoded = pc.dictionary_encode(values)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    found = np.array([read(value or b"") for value in encoded.dictionary.to_pylist()], kind)
    return found[encoded.indices.to_numpy(zero_copy_only=False)] if len(found) else found


def times(values: Any) -> npt.NDArray[np.float64]:
    """The times in an Arrow column; those of ISO 8601 are read by Arrow, many times as fast."""
    for kind in (pa.timestamp("us", "UTC"), pa.timestamp("us")):
        try:
            found = values.cast(pa.string()).cast(kind).cast(pa.int64())
        except pa.ArrowInvalid:  # of another form, or one is broken
            continue
        return np.asarray(found.to_numpy(zero_copy_only=False) / 1e6, np.float64)
    return each(values, time_of, np.float64)


def column(values: Iterable[bytes | None]) -> Any:
    """Values as an Arrow column of bytes."""
    return pa.array(list(values), pa.binary())
