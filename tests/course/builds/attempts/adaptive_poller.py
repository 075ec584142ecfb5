"""Adaptive pollers that people write."""

from pushlab.course.builds.adaptive_poller import BUILDS
from pushlab.course.builds.attempts import Attempt, but

_CODE = BUILDS[0].code

ATTEMPTS = (
    Attempt(
        name="by the clock",
        code=but(_CODE, ("min(2, wait_s * 1.5)", "1"), ("wait_s = 0.5", "wait_s = 1")),
        mistake="by the clock",
        says="as often as the clock",
    ),
    Attempt(
        name="upside down",
        code=but(_CODE, ("if answer.messages:", "if not answer.messages:")),
        mistake="upside down",
        says="It is upside down",
    ),
    Attempt(
        name="no limit",
        code=but(_CODE, ("min(2, wait_s * 1.5)", "wait_s * 1.7")),
        mistake="no limit",
        says="set a longest wait",
    ),
    Attempt(
        name="stays slow after a message",
        code=but(_CODE, ("wait_s = 0.5", "wait_s = wait_s")),
        mistake="stays slow",
        says="ask again soon",
    ),
    Attempt(
        name="too eager",
        code=but(_CODE, ("wait_s = 0.5", "wait_s = 0.1")),
        mistake="too eager",
        says="Let the wait grow faster",
    ),
    Attempt(
        name="forgets the restart",
        code=but(_CODE, ("answer.epoch != epoch", "False")),
        mistake="does not see the restart",
        says="answer.epoch",
    ),
    Attempt(
        name="broken: asks for what no answer has",
        code=but(_CODE, ("if answer.messages:", "if answer.found:")),
        mistake="raises",
        says="'Answer' object has no attribute 'found'",
    ),
)
