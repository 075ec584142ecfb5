"""Transports as students write them: one that is good, one that forgets, one that hangs."""

from pushlab.contract.events import Message
from pushlab.course.polling_kit import PollingTransport


class Adaptive(PollingTransport):
    name = "adaptive-polling"

    def next_wait_s(self, last_s: float, found: int, usual_s: float) -> float:
        return usual_s / 2 if found else min(2 * usual_s, last_s * 1.5)


class DropsEveryTenth(PollingTransport):
    name = "drops-every-tenth"

    def keeps(self, message: Message) -> bool:
        return message.seq % 10 != 0


class Hangs(PollingTransport):
    name = "hangs"

    def next_wait_s(self, last_s: float, found: int, usual_s: float) -> float:
        while True:
            pass


class Untouched(PollingTransport):
    name = "untouched"

    def next_wait_s(self, last_s: float, found: int, usual_s: float) -> float:
        return usual_s


class Raises(PollingTransport):
    name = "raises"

    def next_wait_s(self, last_s: float, found: int, usual_s: float) -> float:
        return usual_s / (found - found)


class ReturnsNothing(PollingTransport):
    name = "returns-nothing"

    def next_wait_s(self, last_s: float, found: int, usual_s: float) -> float:
        last_s * 2
