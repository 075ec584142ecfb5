"""The rules of tic-tac-toe, and nothing else: a board, whose turn it is, who has won."""

from dataclasses import dataclass

from pushlab.errors import Refused

__all__ = ["LINES", "Board"]

#: Three cells in a row; cells are numbered line by line from 0.
LINES = (
    (0, 1, 2),
    (3, 4, 5),
    (6, 7, 8),
    (0, 3, 6),
    (1, 4, 7),
    (2, 5, 8),
    (0, 4, 8),
    (2, 4, 6),
)


@dataclass(frozen=True, slots=True)
class Board:
    """A position; X begins.

    Attributes:
        cells: ``X``, ``O`` or nothing, nine times.
    """

    cells: tuple[str, ...] = ("",) * 9

    @property
    def next_mark(self) -> str:
        """Whose turn it would be if the game went on."""
        return "X" if self.cells.count("X") == self.cells.count("O") else "O"

    @property
    def line(self) -> tuple[int, int, int] | None:
        """The three cells by which the game is won."""
        for line in LINES:
            a, b, c = (self.cells[cell] for cell in line)
            if a and a == b == c:
                return line
        return None

    @property
    def winner(self) -> str | None:
        """``X``, ``O``, ``draw``, or None while the game goes on."""
        if (line := self.line) is not None:
            return self.cells[line[0]]
        return None if "" in self.cells else "draw"

    def play(self, mark: str, cell: int) -> "Board":
        """The position after this move.

        Raises:
            Refused: 409 ``game-over``, ``not-your-turn`` or ``cell-taken``; 400 ``no-such-cell``.
        """
        if self.winner is not None:
            raise Refused(409, "game-over", "the game is over")
        if mark != self.next_mark:
            raise Refused(409, "not-your-turn", "it is the other player's turn")
        if not 0 <= cell < 9:
            raise Refused(400, "no-such-cell", "a board has the cells 0 to 8")
        if self.cells[cell]:
            raise Refused(409, "cell-taken", "this cell is taken")
        return Board((*self.cells[:cell], mark, *self.cells[cell + 1 :]))
