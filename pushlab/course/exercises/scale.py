"""Chapter 9: requests, servers and money for very many clients."""

from pushlab.analysis.models.formulas import servers_needed
from pushlab.course.exercises.base import Choice, Exercise, Number
from pushlab.course.exercises.mistakes import (
    forgot,
    half,
    instead,
    minutes_as_seconds,
    per_client,
    twice,
)
from pushlab.course.exercises.varied import Varied, varied

__all__ = ["EXERCISES"]

_MONTH_S = 2_592_000
_USD_A_MILLION = 1.0


@varied(millions=(2, 3, 4, 5, 6), every_s=(10, 20, 5, 30))
def _requests(millions: int, every_s: int) -> Number:
    phones = millions * 1_000_000
    return Number(
        question=(
            f"{millions} million phones ask every {every_s} seconds. How many requests a second are"
            " that?"
        ),
        answer=phones / every_s,
        unit="requests a second",
        mistakes=(
            per_client(phones),
            minutes_as_seconds(),
            instead(phones, "every second", "That would be right if each asked once a second."),
            instead(
                phones * every_s,
                "multiplied",
                "You multiplied. Ask less often, and there are fewer requests, not more.",
            ),
        ),
        clue="The formula of chapter 2: clients / interval.",
        why=f"{phones:,} / {every_s} = {phones / every_s:,.0f} requests a second, day and night.",
    )


@varied(per_s=(200_000, 100_000, 300_000, 400_000), micros=(100, 150, 200))
def _servers(per_s: int, micros: int) -> Number:
    one_s, free = micros / 1e6, 0.5
    work = per_s * one_s
    needed = servers_needed(need=work, one_has=1.0, headroom=free)
    return Number(
        question=(
            f"One request takes {micros} microseconds of a processor ({one_s:.6g} seconds). You"
            " want to keep half of every server free, for bad days. How many servers with one"
            f" processor each do {per_s:,} requests a second need?"
        ),
        answer=needed,
        unit="servers",
        mistakes=(
            half("That many would be busy all the time. Half of each is to be kept free."),
            instead(
                work * free,
                "wrong way",
                "You took half of them away. Servers that are half free are needed twice.",
            ),
            twice("You kept a half free twice."),
            instead(
                1 / one_s,
                "of one",
                "That is how many requests one server manages in a second. How many servers then?",
            ),
        ),
        clue="How many seconds of work come in each second? One server does half a second of it.",
        why=(
            f"{per_s:,} x {one_s:.6g} = {work:g} seconds of work in each second. A server that is"
            f" to be half free does 0.5 of them, so {work:g} / 0.5 = {needed:g} servers."
        ),
    )


@varied(usd=(10_000, 8_000, 12_000, 20_000))
def _cheaper(usd: int) -> Number:
    readers = 1_000_000
    bought = usd / _USD_A_MILLION  # millions of polls
    each = bought * 1e6 / readers
    return Number(
        question=(
            f"A poll costs 1 dollar for a million. Push would cost {usd:,} dollars a month for your"
            " 1 million clients. A month has 2,592,000 seconds. From how many seconds between two"
            " polls on is polling the cheaper one?"
        ),
        answer=_MONTH_S / each,
        unit="s",
        mistakes=(
            forgot(60, "minutes", "That looks like minutes. The question asks for seconds."),
            forgot(30, "a day", "That looks like one day's polls for a month's money."),
            per_client(readers, "That is for one client's polls. A million of them share it."),
            instead(
                bought * 1e6 / _MONTH_S,
                "a rate",
                "That is how many polls a second the money buys, for all clients. How often may"
                " each of a million ask then?",
            ),
        ),
        clue=(
            f"How many polls do {usd:,} dollars buy? How many is that for each client? How long"
            " does a month last?"
        ),
        why=(
            f"{usd:,} dollars buy {bought:,.0f} million polls: {each:,.0f} for each client in a"
            f" month. 2,592,000 / {each:,.0f} = {_MONTH_S / each:.0f} seconds:"
            f" {_MONTH_S / each / 60:.1f} minutes."
        ),
    )


@varied(micros=(80, 50, 100, 160, 200))
def _redis(micros: int) -> Number:
    cpu_s, free = micros / 1e6, 0.5
    shown = f"{cpu_s:.6f}".rstrip("0")
    return Number(
        question=(
            f"Each publish takes {micros} microseconds of the one processor that Redis uses"
            f" ({shown} seconds), however many servers publish. You want to keep half of it"
            " free. How many messages a second can all servers together publish?"
        ),
        answer=free / cpu_s,
        unit="messages a second",
        mistakes=(
            twice("That fills the whole processor. Half of it is to be kept free."),
            half("You kept a half free twice."),
            instead(
                20 * free / cpu_s,
                "per server",
                "You multiplied by servers. They all share one Redis: more of them do not help.",
            ),
            instead(
                cpu_s / free,
                "upside down",
                "That is how many seconds one message may take. How many fit into a second?",
            ),
        ),
        clue="How much of each second may Redis work? How many publishes fit into that?",
        why=(
            f"0.5 / {shown} = {free / cpu_s:,.0f} messages a second, with two servers or with"
            " two hundred. A service that publishes more has to divide its channels over several"
            " Redis."
        ),
    )


EXERCISES: tuple[Exercise | Varied, ...] = (
    _requests,
    _servers,
    _cheaper,
    _redis,
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
