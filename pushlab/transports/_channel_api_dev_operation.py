"""The development server's wire, described; `pushlab.transports.channel_api_dev` has both ends."""

from dataclasses import replace

from pushlab.contract.operation import Answer, Operation, Parameter, in_query
from pushlab.contract.reasons import INVALID_CURSOR, TOKEN_MISSING, TOO_MANY_CHANNELS, Reason
from pushlab.wire.asgi import UNADMITTED, out_of_bounds, token_missing
from pushlab.wire.poll_operations import AFTER, LEASE

__all__ = ["ASK", "BAD_COMMAND", "COMMANDS", "NO_CHANNEL"]

COMMANDS = ("connect", "poll", "disconnect")
BAD_COMMAND = Reason(400, "bad-command", f"command must be one of {', '.join(COMMANDS)}")
NO_CHANNEL = Reason(400, TOKEN_MISSING.word, "send the token as '&channel='")
ASK = Operation(
    "GET",
    "channel_api_dev",
    "App Engine's development server: connect, poll for one message, or disconnect.",
    answers=[
        Answer(
            200, "Connected; or nothing new, or gone: empty.", {"type": "string"}, "1", "text/plain"
        ),
        Answer(200, "A message, labelled as JSON whatever it is.", {}, {"move": 4}),
    ],
    who=[in_query("channel")],
    parameters=[
        Parameter(
            "command", {"type": "string", "enum": list(COMMANDS)}, "What to do.", required=True
        ),
        replace(AFTER, help="The cursor that you keep; without it, the hub keeps your place."),
        LEASE,
    ],
    reasons=[
        BAD_COMMAND,
        NO_CHANNEL,
        TOKEN_MISSING.such(token_missing("channel")),
        *UNADMITTED[1:],
        INVALID_CURSOR,
        out_of_bounds(LEASE),
        TOO_MANY_CHANNELS,
    ],
    detail="The status line tells of a refused token too; `Pushlab-Cursor` is where you stand.",
)
