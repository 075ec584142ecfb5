"""What an application and its client say to a hub, by a Python client that was generated.

``python talk.py FOLDER URL KEY``: the folder holds the package ``generated``. Prints what it saw, a
line each; ends with a traceback at what should not be.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from generated import AuthenticatedClient, Client
from generated.api.default import (
    create_channel,
    endpoints,
    health,
    presence,
    publish_batch,
    read_by_long_polling,
    revoke,
)
from generated.models import (
    ChannelRequest,
    OneToken,
    PolledPage,
    Publication,
    Refusal,
)


def see(what: str, value: object) -> None:
    """Say it as JSON, which is the same in every language."""
    text = (
        value
        if isinstance(value, str)
        else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    )
    print(what, text)


def main(url: str, key: str) -> None:
    application = AuthenticatedClient(base_url=url, token=key)
    assert health.sync_detailed(client=Client(base_url=url)).status_code == 200
    body = ChannelRequest(client_id="ada", channel="room 1", duration_minutes=5)
    made = create_channel.sync(client=application, body=body)
    see("a token is made", made.channel)

    reader = AuthenticatedClient(base_url=url, token=made.token)
    told = endpoints.sync(client=reader)
    assert told.to_dict()["endpoints"] == made.to_dict()["endpoints"]
    see("where it can be used is told", len(told.endpoints.to_dict()) > 2)

    batch = [Publication(channel="room 1", data=text) for text in ("one", "zwei ü")]
    places = publish_batch.sync(client=application, body=batch)
    see("messages are published", [place.seq for place in places])

    page = read_by_long_polling.sync(client=reader, after=f"{places[0].epoch}-0", hold_s=5)
    assert isinstance(page, PolledPage)
    see("messages are read", [message.data for message in page.messages])
    see("the reader is present", presence.sync(client=application, channel="room 1").present)

    wrong = create_channel.sync(client=reader, body=body)
    assert isinstance(wrong, Refusal)
    see("a refusal says why", f"{wrong.status} {wrong.error}")
    revoke.sync(client=application, body=OneToken(token=made.token))
    ended = read_by_long_polling.sync(client=reader)
    assert isinstance(ended, Refusal)
    see("a revoked token is refused", f"{ended.status} {ended.error}")


main(*sys.argv[2:])
