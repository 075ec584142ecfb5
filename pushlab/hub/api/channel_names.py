"""Which channel a request of the API names: in its query, or as a part of its path.

A name may hold any character, slashes and dots too. In a query (``/v1/publish?channel=a%2Fb``) it
comes as it was sent, through whatever proxy. In a path (``/v1/channels/a%2Fb/messages``) many
proxies decode it, merge its slashes or resolve its dots, and then it names another place or none;
that form is served for those who use it.
"""

from urllib.parse import parse_qsl, unquote, unquote_plus

from pushlab.contract.serving import Scope
from pushlab.hub.reasons import BAD_REQUEST

__all__ = ["BY_QUERY", "ONE_CHANNEL", "channel_in_query", "named_in_path"]

#: What is done with a channel that the query names, by path.
BY_QUERY = {"/v1/publish": b"messages", "/v1/presence": b"presence"}
#: The same as the last part of a path that names the channel.
IN_PATH = frozenset(BY_QUERY.values())
ONE_CHANNEL = BAD_REQUEST.such("the query must name one channel: ?channel=<its name>")


def named_in_path(raw_path: bytes) -> tuple[bytes, str] | None:
    """What ``/v1/channels/{channel}/{what}`` says, as it came; None when the path is another."""
    parts = raw_path.partition(b"?")[0].split(b"/")
    if len(parts) != 5 or parts[1:3] != [b"v1", b"channels"] or parts[4] not in IN_PATH:
        return None
    return parts[4], unquote(parts[3].decode("latin-1"), errors="surrogateescape")


def channel_in_query(scope: Scope) -> str:
    """The channel that ``?channel=`` names. Raises Refused (400) unless it names just one."""
    query = scope["query_string"].decode("utf-8", "surrogateescape")
    if query.startswith("channel=") and "&" not in query:
        return unquote_plus(query[len("channel=") :], errors="surrogateescape")
    try:
        pairs: list[tuple[str, str]] = parse_qsl(
            query, keep_blank_values=True, errors="surrogateescape", max_num_fields=100
        )
    except ValueError as error:
        raise ONE_CHANNEL(f"the query is not one: {error}") from error
    named = [value for name, value in pairs if name == "channel"]
    if len(named) != 1:
        raise ONE_CHANNEL()
    return named[0]
