"""Whether a message is the one that comes next: what every subscriber among the peers checks."""

from benchmarks.peers.counting import ERRORS, WORK

__all__ = ["Reader"]


class Reader:
    """One subscriber's place in its channel."""

    __slots__ = ("board", "last")

    def __init__(self, board: memoryview) -> None:
        self.board = board
        self.last = 0

    def take(self, cursor: str, data: str) -> None:
        """Count a message with this cursor, ``<epoch>-<seq>``."""
        seq = int(cursor.partition("-")[2])
        if seq == self.last + 1 and data:
            self.last = seq
            self.board[WORK] += 1
        else:
            self.board[ERRORS] += 1

    def take_frame(self, frame: str) -> None:
        """Count a text frame, ``<epoch>-<seq> <data>``."""
        cursor, _, data = frame.partition(" ")
        self.take(cursor, data)
