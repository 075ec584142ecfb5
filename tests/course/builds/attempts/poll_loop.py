"""Poll loops that people write."""

from pushlab.course.builds.attempts import Attempt, but
from pushlab.course.builds.poll_loop import BUILDS

_CODE = BUILDS[0].code
_LAST = "message.number\n        await sleep(1)"
_PAUSE = "            await sleep(1)\n            continue"

ATTEMPTS = (
    Attempt(
        name="asks once",
        code=but(BUILDS[0].skeleton, ("while True:", "for _ in [1]:")),
        mistake="asks once",
        says="while True",
    ),
    Attempt(
        name="never raises after",
        code=but(_CODE, ("after = message.number", "pass")),
        mistake="shows it again",
        says="more than once",
    ),
    Attempt(
        name="shows the message and not its text",
        code=but(_CODE, ("message.text", "message")),
        mistake="shows the message",
        says="`message.text`",
    ),
    Attempt(
        name="shows the first of an answer",
        code=but(
            _CODE,
            ("for message in answer.messages:", "if answer.messages:"),
            ("show(message.text)", "show(answer.messages[0].text)"),
            ("message.number", "answer.messages[-1].number"),
        ),
        mistake="only the first",
        says="go through the list",
    ),
    Attempt(
        name="goes by the text",
        code=but(
            _CODE,
            ("after, epoch = 0, None", "after, epoch, known = 0, None, set()"),
            (
                "show(message.text)",
                "if message.text not in known:\n                show(message.text)\n"
                "            known.add(message.text)",
            ),
        ),
        mistake="goes by the text",
        says="by their numbers",
    ),
    Attempt(
        name="sleeps only where something came",
        code=but(_CODE, (_LAST, _LAST.replace("\n        await", "\n            await"))),
        mistake="a storm",
        says="far more often",
    ),
    Attempt(
        name="does not expect a lost answer",
        code=but(
            _CODE,
            ("        try:\n            answer", "        if True:\n            answer"),
            ("        except ConnectionError:\n" + _PAUSE + "\n", ""),
        ),
        mistake="raises",
        says="no answer came",
    ),
    Attempt(
        name="counts up when an answer is lost",
        code=but(_CODE, (_PAUSE, "            after += 1\n" + _PAUSE)),
        mistake="goes on without it",
        says="Raise `after` only when",
    ),
    Attempt(
        name="goes on with the answer before the lost one",
        code=but(_CODE, (_PAUSE, "            pass")),
        mistake="shows the old answer",
        says="still the one before",
    ),
    Attempt(
        name="gives up when an answer is lost",
        code=but(_CODE, (_PAUSE, "            break")),
        mistake="gives up",
        says="Nobody asks any more",
    ),
    Attempt(
        name="asks again without a pause",
        code=but(_CODE, (_PAUSE, "            continue")),
        mistake="hammers",
        says="without a pause",
    ),
    Attempt(
        name="does not look at the status",
        code=but(_CODE, ("answer.status == 503", "False")),
        mistake="does not stay away",
        says="retry_after_s",
    ),
    Attempt(
        name="does not look at the epoch",
        code=but(_CODE, ("answer.epoch != epoch", "False")),
        mistake="does not see the restart",
        says="answer.epoch",
    ),
    Attempt(
        name="keeps the first answer of the new life",
        code=but(
            _CODE,
            (
                "            continue  # ask again: this answer was to a question about another "
                "life\n",
                "",
            ),
        ),
        mistake="keeps half an answer",
        says="it leaves out",
    ),
    Attempt(
        name="forgets an await",
        code=but(_CODE, ("await ask(after)", "ask(after)")),
        mistake="forgot await",
        says="Line 5 of your cell",
    ),
    Attempt(
        name="forgets to await the pause",
        code=but(_CODE, (_LAST, _LAST.replace("await ", ""))),
        mistake="forgot await",
        says="`sleep(...)` was not awaited",
    ),
    Attempt(
        name="catches everything",
        code=but(_CODE, ("except ConnectionError", "except")),
        mistake="catches everything",
        says="Line 6 of your cell",
    ),
    Attempt(
        name="a loop that never ends",
        code=but(
            _CODE, ("        try:", "        while after == 0:\n            pass\n        try:")
        ),
        mistake="endless loop",
        says="of your cell: it ran",
    ),
    Attempt(
        name="waits with asyncio",
        code="import asyncio\n" + but(_CODE, ("await sleep(1)", "await asyncio.sleep(0)")),
        mistake="another clock",
        says="Time is virtual",
    ),
    Attempt(
        name="is not async",
        code="def follow(ask, sleep, show):\n    show('lunch?')",
        mistake="not async",
        says="async def follow",
    ),
    Attempt(
        name="takes other parameters",
        code=but(_CODE, ("ask, sleep, show", "ask")),
        mistake="parameters",
        says="follow(ask, sleep, show)",
    ),
    Attempt(
        name="broken: a name that is not there",
        code=but(_CODE, ("show(message.text)", "show(mesage.text)")),
        mistake="raises",
        says="NameError",
    ),
)
