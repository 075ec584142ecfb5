"""A presence notice's signature: how an application knows that its own hub sent a notice, and now.

::

    Pushlab-Hub: 6f1c0e...                       names one life of the hub
    Pushlab-Signature: t=1767225600,v1=<64 hexadecimal digits>

The digits are HMAC-SHA256 (RFC 2104) under the presence key over four lines, joined by ``\\n``: the
time ``t`` (seconds since 1970), the hub, the path from ``/_ah/channel/`` on (a proxy may put a
prefix before it or take one away), and the body as it was sent.
"""

import hashlib
import hmac
import re

__all__ = [
    "HUB_HEADER",
    "NOTICES_PATH",
    "SIGNATURE_HEADER",
    "read_signature",
    "same_signature",
    "sign_presence",
]

HUB_HEADER = "Pushlab-Hub"
SIGNATURE_HEADER = "Pushlab-Signature"
NOTICES_PATH = "/_ah/channel/"  #: below it each kind of notice has a place
_FORM = re.compile(r"t=(\d{1,15}),v1=([0-9a-f]{64})", re.ASCII)


def sign_presence(key: str, *, at_s: int, hub: str, path: str, body: bytes) -> str:
    """The header's value.

    Args:
        key: the secret that the hub and its application share.
        at_s: the time, in seconds since 1970.
        path: of the request; only what begins at ``/_ah/channel/`` counts.
    """
    return f"t={at_s},v1={_digits(key, at_s, hub, path, body)}"


def read_signature(header: str) -> tuple[int, str] | None:
    """Time and digits of a header's value; None if it is not one."""
    found = _FORM.fullmatch(header)
    return None if found is None else (int(found[1]), found[2])


def same_signature(key: str, signature: tuple[int, str], hub: str, path: str, body: bytes) -> bool:
    """Whether this key made it; compared in constant time."""
    at_s, digits = signature
    return hmac.compare_digest(_digits(key, at_s, hub, path, body), digits)


def _digits(key: str, at_s: int, hub: str, path: str, body: bytes) -> str:
    tail = path[path.rfind(NOTICES_PATH) :] if NOTICES_PATH in path else path
    signed = "\n".join([str(at_s), hub, tail, ""]).encode() + body
    return hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
