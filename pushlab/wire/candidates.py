"""Which of several transports a client reads by: the first that gets through, and then that one."""

from collections import deque
from collections.abc import Sequence

from pushlab.contract.events import Closed, Disconnected
from pushlab.contract.transport import Transport
from pushlab.errors import UsageError

__all__ = ["Candidates"]

_FAILURES = 2  # in a row, before the next one is tried
#: These are about who asks, whatever it asks by.
_OF_THE_READER = (401, 403)


class Candidates:
    """Transports in the order in which they are to be tried.

    A proxy that drops ``Upgrade``, or holds back what a server streams, is found out by trying. One
    that has stood is kept: what fails later is the network, or the server.
    """

    def __init__(self, transports: Sequence[Transport]) -> None:
        if not transports:
            raise UsageError("name a transport, or several in the order in which to try them")
        self._left = deque(transports)
        self._failures = 0

    @property
    def current(self) -> Transport:
        """The one in use."""
        return self._left[0]

    def stood(self) -> None:
        """It got through."""
        self._left = deque([self.current])

    def failed(self, event: Closed | Disconnected) -> bool:
        """It did not get through, for now or for good; whether another one is to be tried."""
        if len(self._left) == 1:
            return False
        if isinstance(event, Closed):
            if event.status in _OF_THE_READER:
                return False
            self._left.popleft()
        else:
            self._failures += 1
            if self._failures < _FAILURES:
                return False
            self._left.rotate(-1)
        self._failures = 0
        return True
