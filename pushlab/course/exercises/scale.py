"""Chapter 9: requests, servers and money for very many clients."""

from pushlab.analysis.cost.traffic import predicted_traffic
from pushlab.analysis.models.formulas import servers_needed
from pushlab.contract.registry import profile_of
from pushlab.course.exercises.base import Choice, Exercise, Number
from pushlab.course.exercises.mistakes import (
    forgot,
    half,
    instead,
    minutes_as_seconds,
    per_client,
    twice,
)

__all__ = ["EXERCISES"]

_CLIENTS, _EVERY_S = 2_000_000, 10.0
_POLLS_PER_S = predicted_traffic(
    profile_of("short-polling").retimed(interval_s=_EVERY_S),
    clients=_CLIENTS,
    rate_per_client_per_s=1 / 60,
    payload_bytes=100,
).hits_per_s
_POLL_CPU_S, _FREE = 100e-6, 0.5
_REDIS_CPU_S = 80e-6
_USD_PER_POLL, _PUSH_USD, _READERS = 1e-6, 10_000.0, 1_000_000

EXERCISES: tuple[Exercise, ...] = (
    Number(
        question="2 million phones ask every 10 seconds. How many requests a second are that?",
        answer=_POLLS_PER_S,
        unit="requests a second",
        mistakes=(
            per_client(_CLIENTS),
            minutes_as_seconds(),
            instead(_CLIENTS, "every second", "That would be right if each asked once a second."),
            instead(
                _CLIENTS * _EVERY_S,
                "multiplied",
                "You multiplied. Ask less often, and there are fewer requests, not more.",
            ),
        ),
        clue="The formula of chapter 2: clients / interval.",
        why="2,000,000 / 10 = 200,000 requests a second, day and night.",
    ),
    Number(
        question=(
            "One request takes 100 microseconds of a processor (0.0001 seconds). You want to keep"
            " half of every server free, for bad days. How many servers with one processor each do"
            " 200,000 requests a second need?"
        ),
        answer=servers_needed(need=_POLLS_PER_S * _POLL_CPU_S, one_has=1.0, headroom=_FREE),
        unit="servers",
        mistakes=(
            half("That many would be busy all the time. Half of each is to be kept free."),
            instead(
                _POLLS_PER_S * _POLL_CPU_S * _FREE,
                "wrong way",
                "You took half of them away. Servers that are half free are needed twice.",
            ),
            twice("You kept a half free twice."),
            instead(
                1 / _POLL_CPU_S,
                "of one",
                "That is how many requests one server manages in a second. How many servers then?",
            ),
        ),
        clue="How many seconds of work come in each second? One server does half a second of it.",
        why=(
            "200,000 x 0.0001 = 20 seconds of work in each second. A server that is to be half free"
            " does 0.5 of them, so 20 / 0.5 = 40 servers."
        ),
    ),
    Number(
        question=(
            "A poll costs 1 dollar for a million. Push would cost 10,000 dollars a month for your 1"
            " million clients. A month has 2,592,000 seconds. From how many seconds between two"
            " polls on is polling the cheaper one?"
        ),
        answer=_READERS * 2_592_000 * _USD_PER_POLL / _PUSH_USD,
        unit="s",
        mistakes=(
            forgot(60, "minutes", "That looks like minutes. The question asks for seconds."),
            forgot(30, "a day", "That looks like one day's polls for a month's money."),
            per_client(_READERS, "That is for one client's polls. A million of them share it."),
            instead(
                _PUSH_USD / 2_592_000 / _USD_PER_POLL,
                "a rate",
                "That is how many polls a second the money buys, for all clients. How often may"
                " each of a million ask then?",
            ),
        ),
        clue=(
            "How many polls do 10,000 dollars buy? How many is that for each client? How long does"
            " a month last?"
        ),
        why=(
            "10,000 dollars buy 10,000 million polls: 10,000 for each client in a month."
            " 2,592,000 / 10,000 = 259 seconds: about every four minutes."
        ),
    ),
    Number(
        question=(
            "Each publish takes 80 microseconds of the one processor that Redis uses (0.00008"
            " seconds), however many servers publish. You want to keep half of it free. How many"
            " messages a second can all servers together publish?"
        ),
        answer=_FREE / _REDIS_CPU_S,
        unit="messages a second",
        mistakes=(
            twice("That fills the whole processor. Half of it is to be kept free."),
            half("You kept a half free twice."),
            instead(
                20 * _FREE / _REDIS_CPU_S,
                "per server",
                "You multiplied by servers. They all share one Redis: more of them do not help.",
            ),
            instead(
                _REDIS_CPU_S / _FREE,
                "upside down",
                "That is how many seconds one message may take. How many fit into a second?",
            ),
        ),
        clue="How much of each second may Redis work? How many publishes fit into that?",
        why=(
            "0.5 / 0.00008 = 6,250 messages a second, with two servers or with two hundred. A"
            " service that publishes more has to divide its channels over several Redis."
        ),
    ),
    Choice(
        question=(
            "You publish an order's new state. Redis dies just then, and the answer is 503"
            " `publish-unknown`: the message may have been published, or not. What do you do?"
        ),
        options={
            "a": "Publish it again, as a new message.",
            "b": "Nothing: it will have arrived.",
            "c": "Publish it again with the same Idempotency-Key, until the answer is a yes.",
            "d": "Close all connections, so that every reader loads the page anew.",
        },
        answer="c",
        replies={
            "a": "Then the readers may get it twice: the first one may have been published.",
            "b": "It may not have. Then nobody ever hears of the new state.",
            "d": "Then all readers come back at once, and still nobody knows.",
        },
        clue="Which is right in both cases: if it was published, and if it was not?",
        why=(
            "With the same key the server counts it once: where it was published, the second"
            " publish is answered like the first; where it was not, it is published now."
        ),
    ),
)
