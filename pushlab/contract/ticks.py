"""What a client that asks by a clock was to ask and did not, or asked late: never silent."""

from typing import NamedTuple

__all__ = ["LATE_NS", "Ticks"]

#: A question, or a publish, that is this much behind its time counts as late.
LATE_NS = 10_000_000


class Ticks(NamedTuple):
    """Questions by the clock, so far.

    Attributes:
        due: how many there should have been; ``due - skipped`` were asked.
        late: of those asked, more than 10 ms after their time.
        skipped: not asked, since the answer to the one before had not come, or no connection stood.
    """

    due: int = 0
    late: int = 0
    skipped: int = 0
