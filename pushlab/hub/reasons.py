"""Why the hub's API refuses a request, beside what transports say (`pushlab.contract.reasons`).

Each is named once: what is raised, and what the description of the API has, is made of it. Reasons
of one room alone stand there.
"""

from collections.abc import Callable

from pushlab.contract.limits import (
    MAX_BATCH_MESSAGES,
    check_channel,
    check_client_id,
    check_duration,
    check_message,
)
from pushlab.contract.reasons import Reason
from pushlab.contract.serving import Scope
from pushlab.errors import Refused, UsageError

__all__ = [
    "API_KEY_MISSING",
    "BACKPLANE_AWAY",
    "BAD_API_KEY",
    "BAD_BATCH",
    "BAD_JSON",
    "BAD_METHOD",
    "BAD_REQUEST",
    "CONTRACT",
    "HUBS_AWAY",
    "KEEP_FAILED",
    "KEEP_FULL",
    "NOT_FOUND",
    "NOT_TOLD",
    "NO_SUCH_TRANSPORT",
    "PUBLISH_UNKNOWN",
    "UNKNOWN_HOST",
    "as_refusal",
    "bad_method",
    "upgrade_required",
]

UNKNOWN_HOST = Reason(
    421,
    "unknown-host",
    "this hub does not know other.example as one of its names; if it is one, start pushlab serve"
    " with --public-url or --allow-host",
)
NOT_FOUND = Reason(404, "not-found", "there is nothing at /v1/nothing")
BAD_METHOD = Reason(405, "bad-method", "/v1/channels does not answer to GET")
API_KEY_MISSING = Reason(
    401, "api-key-missing", "send the API key as 'Authorization: Bearer <key>'"
)
BAD_API_KEY = Reason(403, "bad-api-key", "this API key is not the hub's")
BAD_JSON = Reason(
    400, "bad-json", "the body is not JSON: Expecting value: line 1 column 1 (char 0)"
)
BAD_REQUEST = Reason(400, "bad-request", "the request is not one")
BAD_BATCH = Reason(
    400,
    "bad-batch",
    f"the body must be a JSON list of 1 to {MAX_BATCH_MESSAGES:,} objects"
    ' {"channel": ..., "data": ...}',
)
NO_SUCH_TRANSPORT = Reason(400, "no-such-transport", '"transports" lists some of: ...')
KEEP_FAILED = Reason(503, "keep-failed", "it cannot be kept: disk I/O error")
KEEP_FULL = Reason(507, "keep-full", "the disk is full; nothing was taken")
BACKPLANE_AWAY = Reason(
    503, "backplane-away", "the backplane does not answer; nothing was published: send it again"
)
HUBS_AWAY = BACKPLANE_AWAY.such("the backplane does not answer: who is at other hubs is not known")
NOT_TOLD = BACKPLANE_AWAY.such(
    "it is revoked at this hub; the others hear of it when the backplane is back"
)
PUBLISH_UNKNOWN = Reason(
    503,
    "publish-unknown",
    "the backplane did not answer in time: it may have been published; with an Idempotency-Key it"
    " can be sent again, and counts once",
)


def bad_method(scope: Scope) -> Refused:
    """A path is there, and does not answer to this method."""
    return BAD_METHOD(f"{scope['path']} does not answer to {scope['method']}")


def upgrade_required(path: str) -> Reason:
    """A plain request for a WebSocket."""
    return Reason(
        426,
        "upgrade-required",
        f"{path} is a WebSocket, and this request has no 'Upgrade: websocket' with"
        " 'Connection: Upgrade' (HTTP/1.1); if a WebSocket client has sent it, a proxy on the"
        " way does not pass Upgrade on: set it to, or use another transport",
    )


def as_refusal(error: Exception) -> Refused:
    """A contract error as a refusal."""
    if isinstance(error, Refused):
        return error
    words = "".join(f"-{c.lower()}" if c.isupper() else c for c in type(error).__name__)
    return Refused(400, words.lstrip("-"), str(error))


def _said_by(check: Callable[[object], object], wrong: object) -> Reason:
    try:
        check(wrong)
    except UsageError as error:
        refusal = as_refusal(error)
        return Reason(refusal.status, refusal.reason, refusal.detail)
    raise AssertionError(f"{wrong!r} is within the limits")


#: What the contract's limits say of a value, by what it is.
CONTRACT = {
    "client_id": _said_by(check_client_id, ""),
    "channel": _said_by(check_channel, ""),
    "duration_minutes": _said_by(check_duration, 1_441),
    "data": _said_by(check_message, ""),
}
