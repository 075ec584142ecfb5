"""What an application asks to have revoked: one token, or all of a client, of a channel, or all."""

from typing import Any

from pushlab.contract.limits import check_channel, check_client_id
from pushlab.hub.keys.grants import Grants
from pushlab.hub.reasons import BAD_REQUEST

__all__ = ["NOT_A_REVOCATION", "revoke"]

NOT_A_REVOCATION = BAD_REQUEST.such(
    'the body must be a JSON object with "token", with "client_id", "channel" or both, or'
    ' {"all": true}'
)


def revoke(grants: Grants, body: Any) -> int:
    """Revoke what the body of a ``DELETE /v1/tokens`` names; how much stood on them.

    Raises:
        Refused: 400 `bad-request`; 404 `token-invalid`; 429 and 507 as `Revoked.add`.
        InvalidClientId, InvalidChannel: outside the contract's limits.
    """
    match body:
        case {"token": str(token), **rest} if not rest:
            return grants.revoke(token)
        case {"all": True, **rest} if not rest:
            return grants.revoke_all(None, None)
        case {"client_id": _, **rest} | {"channel": _, **rest} if rest.keys() <= {"channel"}:
            return grants.revoke_all(
                check_client_id(body["client_id"]) if "client_id" in body else None,
                check_channel(body["channel"]) if "channel" in body else None,
            )
    raise NOT_A_REVOCATION()
