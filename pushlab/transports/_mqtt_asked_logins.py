"""Log-ins at the embedded broker, which asks for each token when somebody comes with it.

So nothing is made before somebody wants MQTT; the bridge answers, and says when a grant has ended.
"""

import asyncio
import json
from collections.abc import Callable

from pushlab.contract.tokens import Grant
from pushlab.transports._mqtt_logins import Logins

__all__ = ["AskedLogins"]

_TOGETHER_S = 0.02
_MOST_ENDED = 1_000  # so that a message stays below 64 KiB


class AskedLogins(Logins):
    """Answers for grants, and ends them.

    Args:
        send: publishes a payload on `names.GRANTS_TOPIC`.
    """

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._ended: list[str] = []

    def add(self, token: str, grant: Grant) -> "asyncio.Future[None]":
        """Its holder is let in when it comes."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def answer(self, number: int, grant: Grant | None) -> None:
        """Say whose token that is; None: it counts no more, or never did."""
        said: dict[str, object] = {"number": number}
        if grant is not None:
            said["grant"] = [grant.client_id, grant.channel, grant.expires_at, grant.grant_id]
        self._send(json.dumps(said).encode())

    async def remove(self, username: str) -> None:
        """End a log-in; the broker cuts off whoever uses it."""
        if not self._ended:
            asyncio.get_running_loop().call_later(_TOGETHER_S, self._tell_ended)
        self._ended.append(username.rpartition("/")[2])

    def _tell_ended(self) -> None:
        """All that ended together, as after a revocation, in few messages."""
        ended, self._ended = self._ended, []
        for start in range(0, len(ended), _MOST_ENDED):
            said = {"ended": ended[start : start + _MOST_ENDED]}
            self._send(json.dumps(said).encode())
