"""MQTT's names in pushlab: topics, sessions and log-ins, as brokers, bridge and clients spell them.

A *session* is one connection of one subscriber. Its name is random, and a secret as long as the
connection lives: it opens the session's two topics. Its first letter tells a first connection
(``n``) from one that resumes (``r``), so that a broker can count the two apart.
"""

import secrets
from urllib.parse import quote, unquote

from pushlab.contract.hits import Hit
from pushlab.contract.tokens import Grant

__all__ = [
    "ASK_HITS",
    "BRIDGE_TOPIC",
    "CONTROL",
    "COUNTS_TOPIC",
    "GRANTS_TOPIC",
    "INBOX",
    "LIVE",
    "LOGIN_TOPIC",
    "NOBODYS_TOPIC",
    "OUTBOX",
    "arrival",
    "grant_named",
    "is_session",
    "live_topic",
    "new_session",
    "username_of",
]

#: Messages of a channel, from the bridge to everyone who may read it: LIVE + percent-encoded name.
LIVE = "pushlab/"
#: From the bridge to one session: INBOX + session.
INBOX = "pushlab-inbox/"
#: From one session to the bridge: OUTBOX + session.
OUTBOX = "pushlab-outbox/"
#: From the bridge to every session: it begins, or it ends.
BRIDGE_TOPIC = "pushlab-bridge"
#: From the embedded broker to the bridge: what sessions have sent it.
COUNTS_TOPIC = "pushlab-counts"
#: From the embedded broker to the bridge: whose token is this?
LOGIN_TOPIC = "pushlab-login"
#: From the bridge to the embedded broker: the answer, and grants that count no more.
GRANTS_TOPIC = "pushlab-grants"
#: From the bridge to nobody: to see that a broker answers.
NOBODYS_TOPIC = "pushlab-nobody"
#: Where Mosquitto's dynamic-security plug-in takes commands.
CONTROL = "$CONTROL/dynamic-security/v1"
#: What a question counts as that is not the first.
ASK_HITS = {"again": Hit.RECONNECT, "check": Hit.KEEP_ALIVE}


def live_topic(channel: str) -> str:
    """The topic of a channel's live messages; `channel` may have any characters."""
    return LIVE + quote(channel, safe="")


def new_session(*, resumes: bool) -> str:
    """A session's name: 128 random bits, behind the letter that says whether it resumes."""
    return ("r" if resumes else "n") + secrets.token_hex(16)


def is_session(name: str) -> bool:
    """Whether this can be a session's name."""
    return len(name) == 33 and name[0] in "nr" and name.isascii() and name.isalnum()


def arrival(session: str) -> Hit:
    """What a session's CONNECT counts as."""
    return Hit.RECONNECT if session[0] == "r" else Hit.CONNECT


def username_of(client_id: str, grant_id: str) -> str:
    """The user name of a grant: the client ID, percent-encoded, and the grant's own name."""
    return f"{quote(client_id, safe='')}/{grant_id}"


def grant_named(username: str, topic: str, expires_at: float) -> Grant:
    """The grant of this user name that may read this live topic."""
    client_id, _, grant_id = username.rpartition("/")
    return Grant(unquote(client_id), unquote(topic[len(LIVE) :]), expires_at, grant_id)
