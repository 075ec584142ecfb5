"""A limit that a document tells is the one that the code has.

Each row is a phrase of a document with the code's own value in it; whoever changes the value finds
the document here, and whoever changes the sentence finds the value.
"""

import inspect
from pathlib import Path

import pytest

from pushlab.analysis.advice import needs
from pushlab.brokers import _connection, _router, _session
from pushlab.channel_api import notices
from pushlab.contract import limits
from pushlab.contract.serving import HubSettings
from pushlab.hub.edge import limits as edge
from pushlab.hub.keep import lives
from pushlab.hub.keys import revoked
from pushlab.hub.presence import posts, target
from pushlab.transports import _mqtt_server, _websocket_subscriber
from pushlab.transports.mqtt import MqttOptions

ROOT = Path(__file__).parents[2]
HUB, BROKERS, DEPLOY = "servers/hub/README.md", "docs/brokers.md", "docs/deploy.md"
DIALS = HubSettings()
KIB = 1024


def count(number: float) -> str:
    return f"{number:,.0f}"


def _default(called, name: str) -> float:
    return inspect.signature(called).parameters[name].default


TOLD = [
    (HUB, f"at most {count(limits.MAX_BATCH_MESSAGES)} | API key", "a batch"),
    (
        HUB,
        f"`head-too-large`: a target, or a head, over {edge.MAX_HEAD_BYTES // KIB} KiB",
        "a head",
    ),
    (HUB, f"A request's head has {edge.MAX_HEAD_BYTES // KIB} KiB", "a head again"),
    (HUB, f"{count(revoked._MOST)} tokens can be revoked one by one", "revocations"),
    (HUB, f"for the last {count(lives._MOST)} that had messages", "forgotten channels"),
    (HUB, f"at most {DIALS.vanished_s:g} s, on every transport: 1.5 times", "presence"),
    (HUB, f"Polls have their lease of {DIALS.lease_s:g} s", "a lease"),
    (HUB, f"when they are idle for {DIALS.unheard_s:.0f} s", "probes"),
    (HUB, f"not acknowledged for {DIALS.unanswered_s:g} s", "unacknowledged bytes"),
    (HUB, f"takes nothing at all for {DIALS.unanswered_s:g} s", "a reader that takes nothing"),
    (HUB, f"keep-alive of {MqttOptions().keep_alive_s:g} s", "MQTT's keep-alive"),
    (HUB, f"pings (every {_websocket_subscriber.PING_INTERVAL_S:g} s)", "pings"),
    (HUB, f"has not polled for {DIALS.lease_s:g} seconds has left", "the old wire's lease"),
    (HUB, f"up to {posts._AT_ONCE} requests at a time", "posts at once"),
    (HUB, f"{posts._RETRIES_AT_ONCE} more for repetitions", "repetitions at once"),
    (HUB, f"int(at)) > {notices._TOLERANCE_S:g}:", "a signature's age"),
    (BROKERS, f"no more than {_mqtt_server.MOST_CONNECT_BYTES // KIB} KiB and", "a CONNECT"),
    (BROKERS, f"and {_connection.CONNECT_S:g} s for that", "a log-in"),
    (DEPLOY, f"`--keep-alive`, {DIALS.keep_alive_s:g} s", "keep-alive"),
    (DEPLOY, f"from the hub | {_websocket_subscriber.PING_INTERVAL_S:g} s", "pings"),
    (DEPLOY, f"`--hold` {DIALS.hold_s:g} s, `--max-hold` {DIALS.max_hold_s:g} s", "holds"),
    (DEPLOY, f"from the client | {MqttOptions().keep_alive_s:g} s", "MQTT's keep-alive"),
    (DEPLOY, f"`--idle {DIALS.idle_s:g}s` as it is", "rest between requests"),
    (DEPLOY, f"idle time-out, {needs.BALANCERS['aws'].silence_s:g} s, settable", "AWS's balancer"),
    (DEPLOY, f"time-out, {needs.BALANCERS['google'].silence_s:g} s as it comes", "Google's"),
    (DEPLOY, f"{count(needs.PORTS[1] - needs.PORTS[0] + 1)} ports for connections", "ports"),
    *((DEPLOY, f"{one.line};", "nginx's settings") for one in needs.NGINX),
]
#: Sentences with words for numbers, and the values that make them true.
IN_WORDS = [
    (HUB, "one second more for each KiB that has come", edge.LEAST_BYTES_PER_S, KIB),
    (HUB, "nothing but 5xx for ten seconds", _default(posts.PresencePoster, "broken_after_s"), 10),
    (HUB, "at first after 0.2 s", _default(posts.PresencePoster, "first_pause_s"), 0.2),
    (HUB, "no answer within thirty seconds", target._ANSWER_DUE_S, 30),
    (HUB, "`Retry-After` is honoured, up to five minutes", target._LONGEST_RETRY_AFTER_S, 300),
    (HUB, "is sent again within the five minutes passes", notices._TOLERANCE_S, 300),
    (BROKERS, "(for an hour, a thousand messages or 1 MiB at most)", _router._MAX_KEEP_S, 3600),
    (BROKERS, "a thousand messages or 1 MiB at most", _session._MAX_KEPT_BYTES, KIB * KIB),
    (DEPLOY, "takes two of nginx's connections", needs.PER_CLIENT, 2),
    (DEPLOY, "one channel for at most a day", limits.MAX_TOKEN_MINUTES, 24 * 60),
]


def _text(document: str) -> str:
    return " ".join((ROOT / document).read_text().split())


@pytest.mark.parametrize(("document", "phrase", "what"), TOLD, ids=lambda each: str(each)[:40])
def test_a_limit_is_told_as_it_is(document, phrase, what):
    assert phrase in _text(document), f"{what}: {document} does not say {phrase!r}"


@pytest.mark.parametrize(
    ("document", "phrase", "value", "told"), IN_WORDS, ids=lambda e: str(e)[:40]
)
def test_a_limit_told_in_words_is_so(document, phrase, value, told):
    assert phrase in _text(document)
    assert value == told
