"""By what sign an answer brought nothing: its status, or a size that comes again and again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pushlab.analysis.log.polls import NO_CONTENT, NOT_MODIFIED, Hour
from pushlab.quantities import share

__all__ = ["Sign", "Sure", "sign_of"]

Sure = Literal["certain", "likely", "a guess", "unknown"]

_BY_STATUS = 0.01  #: of all answers; fewer do not say how this server answers in vain
_PEAK = 0.02  #: of all answers have a size that is taken for the empty one's
_OFTEN, _SMALLER = 0.1, 0.001
_HEAD_STEP = 16  #: by how much answers' heads differ, in bytes
_HEAD_SPAN = 64


@dataclass(frozen=True, slots=True)
class Sign:
    """What tells an answer that brings nothing.

    Attributes:
        statuses: those that say so.
        least_bytes, most_bytes: the sizes that say so; None: none does.
        sure: how sure it is.
        words: what it rests on, as a clause.
    """

    statuses: tuple[int, ...]
    least_bytes: int | None
    most_bytes: int | None
    sure: Sure
    words: str

    @property
    def known(self) -> bool:
        """Whether there is one."""
        return self.sure != "unknown"

    def empty(self, hour: Hour) -> int:
        """How many answers of an hour brought nothing."""
        found = hour.no_content + hour.not_modified if self.statuses else 0
        if self.least_bytes is not None and self.most_bytes is not None:
            found += int(hour.sizes[self.least_bytes : self.most_bytes + 1].sum())
        return found

    def is_empty(self, size: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """Which of the sizes of `Rows` are those of an answer that brings nothing."""
        found = (
            size <= -min(NO_CONTENT, NOT_MODIFIED) if self.statuses else np.zeros(len(size), bool)
        )
        if self.least_bytes is not None and self.most_bytes is not None:
            found = found | ((size >= self.least_bytes) & (size <= self.most_bytes))
        return np.asarray(found, bool)


def sign_of(hours: Iterable[Hour], *, with_heads: bool, said: Sequence[int] | None = None) -> Sign:
    """The sign by which this log tells.

    Args:
        with_heads: answers' sizes have their heads in them, which differ by some bytes.
        said: the least and the most bytes of an answer that brings nothing, if the user knows.
    """
    all_hours = list(hours)
    statuses = {
        NO_CONTENT: sum(hour.no_content for hour in all_hours),
        NOT_MODIFIED: sum(hour.not_modified for hour in all_hours),
    }
    answered = sum(hour.answered for hour in all_hours)
    sizes = np.sum([hour.sizes for hour in all_hours], axis=0, dtype=np.int64)
    used = tuple(status for status, count in statuses.items() if count)
    if said is not None:
        words = f"you say that an answer of {_bytes(*said)} bytes brings nothing"
        return Sign(used, said[0], said[1], "certain", words)
    if sum(statuses.values()) >= max(1.0, _BY_STATUS * answered):
        return _by_status(statuses, answered, sizes)
    unsized = sum(hour.unsized for hour in all_hours)
    if unsized > answered / 2:
        return _unknown("the log has no sizes, and no answer has the status 204 or 304")
    return _by_size(sizes, answered, with_heads, used)


def _by_status(statuses: dict[int, int], answered: int, sizes: Any) -> Sign:
    used = tuple(status for status, count in statuses.items() if count)
    each = " and ".join(f"{share(statuses[one] / answered)} by status {one}" for one in used)
    others, sure, words = int(sizes.sum()), "certain", each
    least = int(np.flatnonzero(sizes)[0]) if others else 0
    if _PEAK * others < others - sizes[least] < others / 2:
        sure = "likely"
        words = (
            f"{each}; but {share(sizes[least] / others)} of the other answers have {least} bytes,"
            " the fewest: if they bring nothing too, say --empty"
        )
    return Sign(used, None, None, sure, words)  # type: ignore[arg-type]


def _by_size(sizes: Any, answered: int, with_heads: bool, used: tuple[int, ...]) -> Sign:
    peaks = np.flatnonzero(sizes >= max(2.0, _PEAK * answered))
    if not len(peaks):
        return _unknown("no answer has the status 204 or 304, and no size comes again and again")
    least = most = int(peaks[0])
    if with_heads:
        near = np.flatnonzero(sizes)
        near = near[(near > least - _HEAD_SPAN) & (near < least + _HEAD_SPAN)]
        middle = int(np.searchsorted(near, least))
        while middle + 1 < len(near) and near[middle + 1] - near[middle] <= _HEAD_STEP:
            middle += 1
        most, below = int(near[middle]), near[near <= least]
        while len(below) > 1 and below[-1] - below[-2] <= _HEAD_STEP:
            below = below[:-1]
        least = int(below[-1])
    found, smaller = int(sizes[least : most + 1].sum()), int(sizes[:least].sum())
    words = f"by size: {share(found / answered)} of the answers have {_bytes(least, most)} bytes"
    words += f", and {share(smaller / answered)} have fewer" if smaller else ", and none has fewer"
    if found == answered:
        return Sign(
            used, least, most, "a guess", f"by size: all answers have {_bytes(least, most)} bytes"
        )
    clear = found >= _OFTEN * answered and smaller <= _SMALLER * answered
    return Sign(used, least, most, "likely" if clear else "a guess", words)


def _unknown(why: str) -> Sign:
    return Sign(
        (), None, None, "unknown", f"{why}; if you know an empty answer's size, say --empty"
    )


def _bytes(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"
