"""Tic-tac-toe for two, and for those who watch: the Channel API's other example.

A move is an ordinary post; the server holds the board and sends it to everybody's channel. Who
leaves is told of by presence, and may come back to the seat for a minute.
"""

import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from pushlab.channel_api import LocalChannelService
from pushlab.errors import Refused
from pushlab.web.board import Board
from pushlab.web.members import GRACE_S, OPENING_S, Member, Members, now_ms
from pushlab.web.texts import field as text_field
from pushlab.web.texts import label

__all__ = ["TicTacToe"]

MOST_GAMES = 500
MOST_IN_A_GAME = 20
SEAT_KEPT_S = 60.0
_NAME_CHARS = 30
_GAME = re.compile(r"[a-z0-9-]{1,20}")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(slots=True)
class _Game:
    """A game, as long as somebody is there: members by client ID, in order of arrival."""

    name: str
    board: Board = field(default_factory=Board)
    n: int = 0
    seats: dict[str, Member | None] = field(default_factory=lambda: {"X": None, "O": None})
    members: dict[str, Member] = field(default_factory=dict)
    last_word: str = ""  # on somebody who came or left

    def mark(self, member: Member) -> str:
        return next((mark for mark, seated in self.seats.items() if seated is member), "watching")

    def sit_down(self, member: Member) -> None:
        """Take a free seat, if there is one."""
        for mark, seated in self.seats.items():
            if seated is None:
                self.seats[mark] = member
                return

    @property
    def free_seat(self) -> bool:
        return None in self.seats.values()

    def note(self) -> str:
        """What to tell people now."""
        winner = self.board.winner
        if winner == "draw":
            return "A draw."
        if winner is not None:
            return f"{self._named(winner)} has won."
        if self.last_word:
            return self.last_word
        if self.free_seat:
            return "Waiting for an opponent."
        return f"It is the turn of {self._named(self.board.next_mark)}."

    def _named(self, mark: str) -> str:
        seated = self.seats[mark]
        return f"{seated.name} ({mark})" if seated is not None else mark

    def state(self, member: Member) -> dict[str, Any]:
        """The game as this member is told of it."""
        over = self.board.winner is not None
        line = self.board.line
        return {
            "type": "state",
            "game": self.name,
            "n": self.n,
            "you": self.mark(member),
            "board": list(self.board.cells),
            "turn": None if over or self.free_seat else self.board.next_mark,
            "winner": self.board.winner,
            "line": None if line is None else list(line),
            "players": {
                mark: None if seated is None else {"name": seated.name, "present": seated.present}
                for mark, seated in self.seats.items()
            },
            "watching": len(self.members) - sum(s is not None for s in self.seats.values()),
            "note": self.note(),
            "now_ms": now_ms(),
        }


class TicTacToe:
    """All games of one server."""

    def __init__(
        self,
        channels: LocalChannelService,
        *,
        grace_s: float = GRACE_S,
        opening_s: float = OPENING_S,
        seat_kept_s: float = SEAT_KEPT_S,
    ) -> None:
        self.members = Members(
            channels,
            kind="ttt",
            on_gone=self._on_gone,
            on_back=self._on_back,
            grace_s=grace_s,
            opening_s=opening_s,
        )
        self._seat_kept_s = seat_kept_s
        self._games: dict[str, _Game] = {}

    # ---- what pages ask ---------------------------------------------------------------------

    def join(self, body: dict[str, Any]) -> dict[str, Any]:
        """Begin a game, sit down at one, watch it, or come back to it."""
        name = label(body, "name", most=_NAME_CHARS) if body.get("name") else "Somebody"
        wanted = text_field(body, "game") if body.get("game") else None
        if wanted is not None and not _GAME.fullmatch(wanted):
            raise Refused(400, "bad-game", "a game's name has 1 to 20 of a-z, 0-9 and -")
        member = self.members.returning(body.get("token"))
        if member is not None and wanted not in (None, member.place):
            self._leave(member)
            member = None
        game = self._come_back(member) if member is not None else None
        if member is None or game is None:
            game, member = self._enter(wanted or _fresh_name(), name)
        invitation = self.members.invite(member)
        return {
            **invitation,
            "game": game.name,
            "mark": game.mark(member),
            "state": game.state(member),
        }

    def move(self, body: dict[str, Any]) -> dict[str, Any]:
        """Make a move."""
        member, game, mark = self._player(body)
        if game.free_seat:
            raise Refused(409, "no-opponent", "nobody sits opposite yet")
        cell = body.get("cell")
        if isinstance(cell, bool) or not isinstance(cell, int):
            raise Refused(400, "bad-cell", '"cell" must be a whole number from 0 to 8')
        game.board = game.board.play(mark, cell)
        self._tell(game, "")
        return {"state": game.state(member)}

    def again(self, body: dict[str, Any]) -> dict[str, Any]:
        """Begin another round; the players change marks."""
        member, game, _ = self._player(body)
        if game.board.winner is None:
            raise Refused(409, "not-over", "this round is not over")
        game.board = Board()
        game.seats = {"X": game.seats["O"], "O": game.seats["X"]}
        self._tell(game, "")
        return {"state": game.state(member)}

    def leave(self, body: dict[str, Any]) -> dict[str, Any]:
        """Leave the game and the seat."""
        self._leave(self.members.get(body.get("token")))
        return {}

    # ---- what happens -----------------------------------------------------------------------

    def _player(self, body: dict[str, Any]) -> tuple[Member, _Game, str]:
        member = self.members.get(body.get("token"))
        game = self._games[member.place]
        mark = game.mark(member)
        if mark == "watching":
            raise Refused(403, "watching", "you watch this game; both seats are taken")
        return member, game, mark

    def _enter(self, game_name: str, name: str) -> tuple[_Game, Member]:
        if game_name not in self._games and len(self._games) >= MOST_GAMES:
            raise Refused(429, "too-many-games", f"there are {MOST_GAMES} games already")
        game = self._games.get(game_name) or _Game(game_name)
        if len(game.members) >= MOST_IN_A_GAME:
            raise Refused(429, "game-full", f"there are {MOST_IN_A_GAME} people at this game")
        member = self.members.add(game_name, name)
        self._games[game_name] = game
        game.members[member.client_id] = member
        game.sit_down(member)
        self._tell(game, "", but=member)
        return game, member

    def _come_back(self, member: Member) -> _Game:
        game = self._games[member.place]
        if game.mark(member) == "watching" and game.free_seat:
            game.sit_down(member)
            self._tell(game, "", but=member)
        return game

    def _on_gone(self, member: Member) -> None:
        game = self._games[member.place]
        mark = game.mark(member)
        if mark == "watching":
            self._leave(member)
            return
        self.members.unless_back(member, self._seat_kept_s, self._leave)
        self._tell(game, f"{member.name} ({mark}) left; the seat is kept for a while.")

    def _on_back(self, member: Member) -> None:
        game = self._games[member.place]
        self._tell(game, f"{member.name} ({game.mark(member)}) is back.")

    def _leave(self, member: Member) -> None:
        self.members.remove(member)
        game = self._games[member.place]
        mark = game.mark(member)
        del game.members[member.client_id]
        if not game.members:
            del self._games[game.name]
            return
        if mark != "watching":
            game.seats[mark] = None
            self._tell(game, f"{member.name} ({mark}) left; the seat is free.")
        else:
            self._tell(game, game.last_word)

    def _tell(self, game: _Game, word: str, *, but: Member | None = None) -> None:
        """Send the game as it is now to everybody's channel."""
        game.n += 1
        game.last_word = word
        for client_id, member in game.members.items():
            if member is not but:
                self.members.send([client_id], game.state(member))


def _fresh_name() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(8))
