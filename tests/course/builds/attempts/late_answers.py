"""Long-poll servers that people write."""

from pushlab.course.builds.attempts import Attempt, but
from pushlab.course.builds.late_answers import BUILDS

_CODE = BUILDS[0].code
_LOOP = _CODE[_CODE.index("        ends_s") :]
_TEXTS = "self.rooms.get(room, [])[after:]"


def _answers(body: str) -> str:
    """A desk whose `answer` has these lines."""
    lines = "".join(f"        {line}\n" for line in body.strip().split("\n"))
    return _CODE.replace(_LOOP, lines)


ATTEMPTS = (
    Attempt(
        name="short polling",
        code=_answers(f"return {_TEXTS}"),
        mistake="does not hold",
        says="That is short polling",
    ),
    Attempt(
        name="waits first",
        code=_answers(f"await self.wait(hold_s)\nreturn {_TEXTS}"),
        mistake="waits first",
        says="look first, then wait",
    ),
    Attempt(
        name="gives everything",
        code=but(_CODE, ("[after:]", "[:]")),
        mistake="forgets what he has",
        says="Give him those behind it",
    ),
    Attempt(
        name="publishes into nothing",
        code=but(_CODE, (".setdefault(room, [])", ".get(room, [])")),
        mistake="keeps nothing",
        says="has to keep the text",
    ),
    Attempt(
        name="does not ring",
        code=but(_CODE, ("        self.ring()\n", "")),
        mistake="nobody rings",
        says="`self.ring()`",
    ),
    Attempt(
        name="looks once",
        code=_answers(f"new = {_TEXTS}\nif not new:\n    await self.wait(hold_s)\nreturn new"),
        mistake="looks too early",
        says="Look once more after the waiting",
    ),
    Attempt(
        name="holds for ever",
        code=but(_CODE, ("new or left_s <= 0", "new"), ("self.wait(left_s)", "self.wait(1)")),
        mistake="never answers",
        says="takes the line for dead",
    ),
    Attempt(
        name="takes it out for the first",
        code=_answers(
            "ends_s = self.now() + hold_s\n"
            "while True:\n"
            "    texts = self.rooms.get(room, [])\n"
            "    new = texts[after:]\n"
            "    if new or self.now() >= ends_s:\n"
            "        del texts[after:]\n"
            "        return new\n"
            "    await self.wait(ends_s - self.now())"
        ),
        mistake="only one gets it",
        says="for everybody in the room",
    ),
    Attempt(
        name="one list for all rooms",
        code=_CODE.replace("room, []", "0, []"),
        mistake="rooms leak",
        says="Keep each room's texts apart",
    ),
    Attempt(
        name="woken in vain",
        code=_answers(f"new = {_TEXTS}\nif not new:\n    await self.wait(hold_s)\nreturn {_TEXTS}"),
        mistake="woken by another room",
        says="go on waiting",
    ),
    Attempt(
        name="waits the whole time anew",
        code=_answers(
            f"while True:\n    new = {_TEXTS}\n    if new or not await self.wait(hold_s):\n"
            f"        return {_TEXTS}"
        ),
        mistake="begins to count anew",
        says="wait for what is left",
    ),
    Attempt(
        name="goes round without waiting",
        code=but(_CODE, ("            await self.wait(left_s)\n", "            pass\n")),
        mistake="endless loop",
        says="was stopped",
    ),
    Attempt(
        name="goes round while no time passes",
        code=but(_CODE, ("self.wait(left_s)", "self.wait(0)")),
        mistake="endless loop",
        says="no time passes",
    ),
    Attempt(
        name="forgets an await",
        code=but(_CODE, ("await self.wait(left_s)", "self.wait(left_s)\n            return []")),
        mistake="forgot await",
        says="`wait(...)` was not awaited",
    ),
    Attempt(
        name="returns nothing",
        code=but(_CODE, ("return new", "return None")),
        mistake="no list",
        says="returns NoneType",
    ),
    Attempt(
        name="publishes with async",
        code=but(_CODE, ("    def publish", "    async def publish")),
        mistake="async",
        says="begin with `def publish(self, room, text)`",
    ),
    Attempt(
        name="no method",
        code=but(_CODE, ("def publish", "def write")),
        mistake="no method",
        says="`publish`",
    ),
    Attempt(
        name="broken: a room that nobody knows",
        code=but(_CODE, ("self.rooms.get(room, [])[after:]", "self.rooms[room][after:]")),
        mistake="raises",
        says="KeyError",
    ),
)
