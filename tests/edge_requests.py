"""Requests for the hub's edge, and what one connection that sends them is answered."""

from tests.edge_connection import EdgeConnection, answers

SOON_S = 0.03
#: What must never be taken for a request of its own.
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def head(*headers, line="GET /here HTTP/1.1", host="Host: a"):
    return "\r\n".join([line, *([host] if host else []), *headers, "", ""]).encode("latin-1")


def post(body, *headers, line="POST /there HTTP/1.1"):
    return head(f"Content-Length: {len(body)}", *headers, line=line) + body


async def statuses(*pieces, **how):
    """What one connection that sends these pieces is answered, and the connection."""
    edge = EdgeConnection(**how)
    await edge.send(*pieces)
    found = answers(edge.sent)
    await edge.leave()
    return [status for status, _, _ in found], edge
