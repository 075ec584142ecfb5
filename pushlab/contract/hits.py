"""A hit: one request that the server has to handle, and the kinds that are told apart.

An HTTP request, a WebSocket handshake, a control packet from an MQTT client: each is one hit of
one kind, counted where it is handled and, by the client halves, where it is sent.
"""

from enum import StrEnum

__all__ = ["Hit"]


class Hit(StrEnum):
    """The kinds of hit."""

    CONNECT = "connect"  #: opens a stream or a session: handshakes, SUBSCRIBE
    RECONNECT = "reconnect"  #: the same, with a cursor to resume from
    POLL_EMPTY = "poll-empty"  #: asked, and there was nothing
    POLL_USEFUL = "poll-useful"  #: asked, and there was something
    KEEP_ALIVE = "keep-alive"  #: keeps a connection open: MQTT's PINGREQ
    ACK = "ack"  #: confirms a delivery: MQTT's PUBACK, PUBREC, PUBCOMP
    LEAVE = "leave"  #: says goodbye: DELETE of a poll, MQTT's DISCONNECT
    PUBLISH = "publish"  #: a publisher's request
    REFUSED = "refused"  #: anything that was refused

    __hash__ = str.__hash__  # Enum's own is slow, and every hit is counted in a dictionary
