"""Two servers that shall be one: without a backplane, with one, and when it dies. Real ones.

Where no Redis or Valkey is installed, what was seen elsewhere is told, and that it was.
"""

from dataclasses import asdict, dataclass, field
from datetime import date

from pushlab.contract.profile import Profile
from pushlab.contract.registry import STANDARD, profile_of
from pushlab.course.bars import Bar, Bars, bars_chart
from pushlab.course.cards import Card, Shown
from pushlab.course.guesses import Guess
from pushlab.course.mode import reading, recording
from pushlab.course.pictures import Picture
from pushlab.course.recordings import find, needed, save
from pushlab.course.trouble import CourseError
from pushlab.errors import SetupError

__all__ = ["TwoHubs", "carrier", "two_hubs"]

KIND = "two_hubs"


def carrier() -> Profile:
    """What carries it: the first of the course in which the server speaks first."""
    return next(one for one in map(profile_of, STANDARD) if not one.asks)


@dataclass(frozen=True, slots=True)
class TwoHubs(Shown):
    """What came of it.

    Attributes:
        alone: how many of the messages that were published at one server came to a reader at the
            other, without a backplane; `shared`: with one; `published`: of so many.
        here_s, across_s: median from publish to delivery at a server alone, and across two.
        dead: what publishing answered while Redis was dead: status and reason.
        stood: whether the reader's connection stood meanwhile.
        resumed: whether the first message after Redis was back came to that reader.
        gap: whether a reader was told of a gap after Redis had lost its data.
        where: on what it was seen, in a sentence.
    """

    published: int
    alone: int
    shared: int
    here_s: float
    across_s: float
    dead: str
    stood: bool
    resumed: bool
    gap: bool
    where: str = field(default="Measured just now, with two servers and a Redis of their own.")

    def _card(self) -> Card:
        text = (
            f"Without a backplane, {self.published} messages were published at the first server:"
            f" {self.alone} came to the reader at the second.\n\n"
            f"With one, {self.published} were published at the first: {self.shared} came to the"
            " reader at the second, in order, each once."
        )
        return Card("One reader, at the other server", text, small=self.where)

    def delay(self, guess: Guess) -> Picture:
        """How long a message takes, at one server and across two, beside the guess (in ms)."""
        profile, more_s = carrier(), self.across_s - self.here_s
        bars = [
            Bar("measured", 1e3 * self.here_s, "one server"),
            Bar("measured", 1e3 * self.across_s, "across two"),
        ]
        if guess.drawn:
            bars.append(Bar("guess", 1e3 * self.here_s + guess.value, guess.name))
        return bars_chart(
            [Bars(profile.title, profile.colour, bars)],
            unit="ms",
            axis="from publish to delivery, in milliseconds; the median",
            title=f"The way through Redis takes {1e3 * more_s:.1f} ms more",
            subtitle=f"{self.published} messages, all on this machine; to Redis and back",
            footer=self.where,
        )

    def when_it_dies(self) -> Card:
        """What breaks when the backplane does, and what does not."""
        held = "stood all the while" if self.stood else "was lost"
        back = "came to that reader, on the same connection" if self.resumed else "did not come"
        gap = "was told of a gap: some messages are missing" if self.gap else "was told nothing"
        text = (
            f"Redis was killed. Publishing was answered `{self.dead}`. The reader's connection"
            f" {held}.\n\n"
            f"Redis was started again with its data. The next message {back}.\n\n"
            f"Redis was started again **without** its data. The reader {gap}."
        ).replace("**", "")
        return Card("When the backplane dies", text, small=self.where)


async def two_hubs() -> TwoHubs:
    """Let two servers stand alone, share a Redis, and lose it; see who hears what.

    Raises:
        CourseError: the servers start and do not do it.
    """
    known = find(KIND, {}) if recording() else None
    if reading() or known is not None:
        return _recorded("The course is only read")
    try:
        from pushlab.course.two_hubs_live import tried

        found = TwoHubs(**await tried(carrier().name))
    except TimeoutError as error:
        raise CourseError("nothing came for a long time; run the cell again") from error
    except (SetupError, OSError, ImportError) as error:
        return _recorded(f"It could not be tried here ({error})")
    if not recording():
        return found
    told = {name: value for name, value in asdict(found).items() if name != "where"}
    save(KIND, {}, {"day": date.today().isoformat(), **told})
    return _recorded("The course is only read")


def _recorded(why: str) -> TwoHubs:
    """What was seen elsewhere. Raises CourseError."""
    told = dict(needed(KIND, {}, why))
    day = told.pop("day")
    return TwoHubs(**told, where=f"{why}: this is a recording of {day}.")
