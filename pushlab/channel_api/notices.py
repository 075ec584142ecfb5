"""A presence notice as the application gets it: verified, and read.

In any framework, here Flask::

    @app.post("/_ah/channel/<what>/")
    def presence(what):
        try:
            notice = verify_presence(request.headers, request.path, request.get_data())
        except ForgedNotice:
            return "", 403
        if notice.connected:
            ...
        return "", 204

Without pushlab at the receiver, these lines (as in servers/hub/README.md) do the same::

    import hashlib, hmac, time

    def is_genuine(key: str, headers, path: str, body: bytes) -> bool:
        stamp, _, digits = headers.get("Pushlab-Signature", "").partition(",v1=")
        at = stamp.removeprefix("t=")
        if not at.isdecimal() or abs(time.time() - int(at)) > 300:
            return False
        path = path[path.rfind("/_ah/channel/") :]
        signed = "\\n".join([at, headers.get("Pushlab-Hub", ""), path, ""]).encode() + body
        expected = hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), digits.encode())
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from pushlab.contract.presence_signature import (
    HUB_HEADER,
    SIGNATURE_HEADER,
    read_signature,
    same_signature,
)
from pushlab.errors import ForgedNotice, UsageError

__all__ = ["PresenceNotice", "verify_presence"]

_TOLERANCE_S = 300.0


@dataclass(frozen=True, slots=True)
class PresenceNotice:
    """What a hub told.

    Attributes:
        what: ``connected``, ``disconnected``, or ``reset``: a hub has just begun, and nobody is
            there; then client ID and channel are empty.
        hub: one life of the hub. When another comes from the same hub, whoever the life before it
            told of is gone.
    """

    what: str
    client_id: str
    channel: str
    hub: str

    @property
    def connected(self) -> bool:
        """Whether the client is there now."""
        return self.what == "connected"


def verify_presence(
    headers: Mapping[str, str],
    path: str,
    body: bytes,
    *,
    key: str | None = None,
    now: float | None = None,
    tolerance_s: float = _TOLERANCE_S,
) -> PresenceNotice:
    """Read a notice that a hub with this key sent just now.

    A notice that is sent again within the tolerance passes again: handle notices so that the same
    one twice does no harm.

    Args:
        headers: of the request, whatever the case of their names.
        path: of the request; what a proxy put before ``/_ah/channel/`` does not matter.
        body: of the request, as it came.
        key: the hub's; None takes ``PUSHLAB_PRESENCE_KEY`` or else ``PUSHLAB_API_KEY`` from the
            environment.
        now: seconds since 1970; None asks the clock.
        tolerance_s: how old a notice may be, and how far the two clocks apart.

    Raises:
        ForgedNotice: it is not signed, not by this key, not just now, or is no notice.
        UsageError: there is no key.
    """
    key = key or os.environ.get("PUSHLAB_PRESENCE_KEY") or os.environ.get("PUSHLAB_API_KEY")
    if not key:
        raise UsageError(
            "a presence notice needs the hub's key: set PUSHLAB_PRESENCE_KEY or PUSHLAB_API_KEY"
        )
    lower = {name.lower(): value for name, value in headers.items()}
    hub = lower.get(HUB_HEADER.lower(), "")
    signature = read_signature(lower.get(SIGNATURE_HEADER.lower(), ""))
    if signature is None:
        raise ForgedNotice(f"the notice has no {SIGNATURE_HEADER} such as t=1767225600,v1=...")
    if not same_signature(key, signature, hub, path, body):
        raise ForgedNotice("the notice's signature was not made with this key")
    if abs((time.time() if now is None else now) - signature[0]) > tolerance_s:
        raise ForgedNotice(f"the notice was not signed within the last {tolerance_s:g} s")
    return _read(path, body, hub)


def _read(path: str, body: bytes, hub: str) -> PresenceNotice:
    what = path.rstrip("/").rpartition("/")[2]
    form = parse_qs(body.decode("latin-1"))
    client_id = form.get("from", [""])[0]
    if what not in ("connected", "disconnected", "reset") or (what != "reset" and not client_id):
        raise ForgedNotice("the request is no presence notice")
    return PresenceNotice(what, client_id, form.get("channel", [client_id])[0], hub)
