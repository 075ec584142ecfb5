"""A process's clock as far as it is known so far: the more exchanges, the better."""

from collections.abc import Awaitable, Callable
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from pushlab.errors import SetupError
from pushlab.lab.clocks.asker import Exchanges
from pushlab.lab.clocks.estimate import ClockEstimate, estimate
from pushlab.runs import RemoteClock

__all__ = ["KnownClock"]

Int64 = npt.NDArray[np.int64]


class KnownClock:
    """The clock of one process beside the publisher's.

    Args:
        process: whose it is, such as ``swarm``.
        ask: asks once more and gives all exchanges so far.
        asked_by_publisher: whether it is the publisher who asks.
    """

    def __init__(
        self,
        process: str,
        ask: Callable[[], Awaitable[Exchanges]],
        *,
        asked_by_publisher: bool = False,
    ) -> None:
        self.process = process
        self._ask = ask
        self._asked_by_publisher = asked_by_publisher
        self._exchanges = Exchanges()
        self._estimate: ClockEstimate | None = None

    async def ask(self) -> None:
        """Ask once more, and know it better.

        Raises:
            SetupError: nobody has ever answered.
        """
        self._exchanges = await self._ask()
        self._estimate = estimate(self._exchanges, asked_by_publisher=self._asked_by_publisher)
        if self._estimate is None:
            raise SetupError(
                f"the clocks of publisher and {self.process} cannot be compared: none of"
                f" {self._exchanges.lost} questions over UDP was answered"
            )

    @property
    def is_known(self) -> bool:
        """Whether anybody has answered yet."""
        return self._estimate is not None

    @property
    def _known(self) -> ClockEstimate:
        assert self._estimate is not None, "ask first"
        return self._estimate

    @overload
    def to_reference(self, ns: int) -> int: ...
    @overload
    def to_reference(self, ns: Int64) -> Int64: ...
    def to_reference(self, ns: Any) -> Any:
        """Moments of the process's clock as the publisher's has them."""
        return self._known.map.to_reference(ns)

    @overload
    def from_reference(self, ns: int) -> int: ...
    @overload
    def from_reference(self, ns: Int64) -> Int64: ...
    def from_reference(self, ns: Any) -> Any:
        """Moments of the publisher's clock as the process's has them."""
        return self._known.map.from_reference(ns)

    def figures(self, from_ns: int | None, to_ns: int | None) -> RemoteClock | None:
        """What is known of it, over a span of the publisher's clock; None: nothing.

        Args:
            from_ns, to_ns: the span; None: where the exchanges begin and end.
        """
        if self._estimate is None:
            return None
        clock = self._estimate.map
        first_ns, last_ns = clock.span_ns
        start_ns = first_ns if from_ns is None else clock.from_reference(from_ns)
        end_ns = max(start_ns, last_ns if to_ns is None else clock.from_reference(to_ns))
        return RemoteClock(
            process=self.process,
            offset_ns=clock.to_reference(start_ns) - start_ns,
            drift_ppm=clock.drift_ppm,
            bound_ns=clock.bound_ns(start_ns, end_ns),
            exchanges=len(self._exchanges),
            lost=self._exchanges.lost,
            steps_ns=list(self._estimate.steps_ns),
        )
