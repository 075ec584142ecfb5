"""What a log says, in sentences, each with its figure."""

import math
from collections.abc import Iterator

from pushlab.analysis.log.findings import LogFindings
from pushlab.quantities import (
    brief,
    counted,
    duration,
    interval,
    large,
    listed,
    message_rate,
    share,
    size,
)

__all__ = ["headline", "predicted_from", "read_in_words", "remarks", "sentences"]

_TURNS = 1.0  #: deliveries for each poll of today, from which push does more than polling


def headline(found: LogFindings) -> str:
    """The one sentence: ``81 % of 10,000 polls a second bring nothing ...``."""
    rate = f"{brief(found.polls_per_s)} polls a second"
    asked = f"each of {_about(found.clients)} clients asks every {duration(found.interval_s)}"
    if found.in_vain is None:
        return f"{rate}: {asked}; how many bring nothing, the log does not tell."
    told = f"{share(found.in_vain)} of {rate} bring nothing: {asked}"
    if found.useful_bytes is not None and found.empty_bytes is not None and found.in_vain < 1:
        whole = " with its head" if found.with_heads else ""
        told += f"; an answer{whole} has {_size(found.empty_bytes)}, and one that brings something"
        told += f" {_size(found.useful_bytes)} on average"
    return f"{told}."


def _about(clients: float) -> str:
    return f"{clients:,.0f}" if clients >= 10 else brief(clients)


def _size(value: float) -> str:
    return f"{value:,.0f} B"


def read_in_words(found: LogFindings) -> str:
    """What was read: lines, layouts, requests and when they were."""
    layouts = ", ".join(f"{name} {count:,}" for name, count in found.layouts.items() if count)
    broken = f", {found.broken:,} broken" if found.broken else ""
    files = "" if found.files == 1 else f" in {found.files} files"
    refused = f", {found.refused:,} more refused" if found.refused else ""
    others = found.requests - found.polls - found.refused - found.without_key
    rest = f", {others:,} other requests" if others else ""
    return (
        f"{counted(found.lines, 'line')}{files} ({layouts}){broken}: {counted(found.polls, 'poll')}"
        f" of {found.path} answered{refused}{rest}; {found.begins} to {found.ends},"
        f" {interval(max(1.0, found.span_s))} of polls."
    )


def sentences(found: LogFindings) -> Iterator[str]:
    """What follows of it, and how sure that is."""
    yield f"How it is known: {found.sign.words}. How sure: {_sure(found)}."
    yield from _messages(found)
    yield from _poisson(found)
    yield from _clients(found)


def _sure(found: LogFindings) -> str:
    sure = found.sign.sure
    return "not known" if sure == "unknown" else sure


def _messages(found: LogFindings) -> Iterator[str]:
    messages = found.messages
    if messages is None:
        return
    useful_per_s = messages.useful / found.span_s
    low, likely, high = (useful_per_s * one for one in messages.in_each)
    each = size(round(messages.least_bytes))
    if messages.said:
        told = f"from {_rate(low)} to {_rate(high)} messages a second, of {each} each as you say"
    else:
        told = (
            f"from {_rate(low)} messages a second (one in each useful answer) to {_rate(high)} (as"
            f" many as {each} each allow, a guess); {_rate(likely)} if the smallest answers"
            f" ({_size(messages.smallest_bytes)}) bring one"
        )
    yield f"A log holds polls, not publishes. So it was {told}."
    least, most = low / found.polls_per_s, high / found.polls_per_s
    told = (
        f"Push would make none of the {brief(found.polls_per_s)} polls a second, and bring those"
        f" messages one by one: {brief(least)} to {brief(most)} deliveries for each poll of today"
    )
    if least <= _TURNS < most and not messages.said:
        told += "; where a delivery costs what a poll does, the answer turns in between, at"
        told += f" {brief(found.polls_per_s / useful_per_s)} messages in a useful answer: say"
        told += " --message-size if you know it"
    yield f"{told}."


def _rate(per_s: float) -> str:
    return large(per_s, 3) if per_s >= 1e6 else brief(per_s)


def _poisson(found: LogFindings) -> Iterator[str]:
    messages, in_vain = found.messages, found.in_vain
    if messages is None or in_vain is None or not 0 < in_vain < 1:
        return
    shares = listed(
        [
            f"{share(found.poisson_in_vain(one))} with {brief(one)} in each useful answer"
            for one in dict.fromkeys((*([] if messages.said else [messages.low]), messages.likely))
        ]
    )
    even = -math.log(in_vain) / (1 - in_vain)
    yield (
        f"As many messages at random times (Poisson) would not leave {share(in_vain)} in vain, but"
        f" {shares}. Random times put {brief(even)} messages into one: fewer come more evenly than"
        " at random, and more come in bursts, which leave more polls empty. So the scenario"
        " replays the log's own times."
    )


def _clients(found: LogFindings) -> Iterator[str]:
    low_s, high_s = duration(found.interval_low_s), duration(found.interval_high_s)
    every = low_s if low_s == high_s else f"{low_s} to {high_s}"
    yield (
        f"{counted(found.seen, 'different client')} by address and user agent; the middle half ask"
        f" every {every}; in the busiest minute {_about(found.busiest)} at once, with"
        f" {brief(found.busiest_per_s)} polls a second."
    )
    if found.shared:
        yield (
            f"{found.shared:,} of them ask so often that each is several behind one address, and"
            " counts as such."
        )


def remarks(found: LogFindings) -> Iterator[str]:
    """What went wrong with the reading."""
    if found.stopped:
        yield f"Stopped after {counted(found.lines, 'line')}: all figures are of these."
    yield from (f"{told[:1].upper()}{told[1:]}." for told in found.troubles)
    if found.broken:
        part = share(found.broken / found.lines)
        yield f"{counted(found.broken, 'line')} ({part}) in no known layout, or cut: left out."
    if len([name for name, count in found.layouts.items() if count]) > 1:
        yield "Lines of several layouts: are they of one application?"
    if found.backwards:
        told = "more than a minute before the poll above: a clock was set, or files overlap"
        yield f"{counted(found.backwards, 'poll')} {told}."
    if found.pauses:
        yield f"{counted(found.pauses, 'pause')} of minutes without a poll, left out of all rates."
    if found.without_key:
        told = "without the parameter that tells clients apart, left out"
        yield f"{counted(found.without_key, 'poll')} {told}."


def predicted_from(found: LogFindings) -> str:
    """The log beside a forecast of it, which knows one rate and random times."""
    low, likely, high = found.rates_per_s
    if found.messages is None or found.in_vain is None:
        return headline(found)
    return (
        f"{headline(found)} Messages for each client: {message_rate(likely)} below, if the smallest"
        f" answers bring one; the log allows {message_rate(low)} to {message_rate(high)}"
        " (--rate-per-client). Below they come at random times, which leaves"
        f" {share(found.poisson_in_vain(found.messages.likely))} of the polls in vain, not"
        f" {share(found.in_vain)}."
    )
