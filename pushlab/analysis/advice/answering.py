"""What the answer is and what it saves, in sentences."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from pushlab.analysis.advice.asked import Asked
from pushlab.analysis.advice.choice import Choice, Elsewhere
from pushlab.analysis.advice.figures import (
    apart_by,
    bill,
    interval_of,
    less,
    name,
    usd,
    within_usd,
)
from pushlab.analysis.advice.ranges import Range
from pushlab.analysis.advice.saving import Change, Saving
from pushlab.analysis.advice.sentence import Basis, Figure, Sentence, said, sentence
from pushlab.analysis.models.formulas import poll_latency_s
from pushlab.quantities import (
    amount,
    counted,
    duration,
    exact,
    exact_duration,
    listed,
    message_rate,
    number,
    share,
)

__all__ = ["answer", "saves", "title"]

_NEAR = 1.1  # likely values so near to each other are the same


def title(asked: Asked, choice: Choice) -> Sentence:
    """The answer."""
    where, pick = choice.architecture.short, choice.picks[0]
    if choice.polled is None:
        return sentence(
            "{pick} on {where}: USD {cost} a month.",
            pick=name(pick),
            where=where,
            cost=bill(pick),
        )
    if choice.answer == "lower":
        return sentence(
            "{pick} in place of polls every {interval}: USD {less} a month less, on {where}.",
            pick=name(pick), interval=interval_of(asked), less=less(choice.apart), where=where,
        )  # fmt: skip
    if choice.answer == "higher":
        return sentence(
            "Polls every {interval} are the right choice where a message may be so late: USD {less}"
            " a month less than {pick}, on {where}.",
            interval=interval_of(asked), less=usd(choice.apart), pick=name(pick), where=where,
        )  # fmt: skip
    return _undecided(asked, choice)


def _undecided(asked: Asked, choice: Choice) -> Sentence:
    pick, where, apart = choice.picks[0], choice.architecture.short, choice.apart
    if choice.answer == "same":
        return sentence(
            "{pick} and polls every {interval} cost the same on {where}, to within USD {most} a"
            " month: choose by how late a message may be.",
            pick=name(pick), interval=interval_of(asked), where=where,
            most=within_usd(apart),
        )  # fmt: skip
    return sentence(
        "Money does not decide between {pick} and polls every {interval} on {where}: {pick} likely"
        " costs {likely} a month, but all from USD {less} less to USD {more} more is within what is"
        " known.",
        pick=name(pick), interval=interval_of(asked), where=where, likely=apart_by(apart.likely),
        less=usd(Range.of(max(0.0, -apart.low))), more=usd(Range.of(max(0.0, apart.high))),
    )  # fmt: skip


# ---- the answer ---------------------------------------------------------------------------------


def answer(asked: Asked, choice: Choice, others: Sequence[Elsewhere]) -> list[Sentence]:
    """What costs what, what is not told apart, and how late messages are."""
    return [
        *_asked(asked),
        *_within(asked, choice),
        *_lateness(asked),
        *_across(choice, others),
    ]


def _asked(asked: Asked) -> Iterator[Sentence]:
    load, polled = asked.load, asked.traffic[asked.polled]
    of_run = asked.polled in asked.measured
    yield sentence(
        "{clients} get {rate} of {payload} each; with polls every {interval} they ask {polls} times"
        " a second, and {wasted} of that is in vain.",
        clients=said(load.clients, "clients", lambda n: counted(n, "client")),
        rate=said(load.rate_per_s, "messages a second", message_rate),
        payload=said(load.payload_bytes, "bytes", lambda n: counted(round(n), "byte")),
        interval=interval_of(asked),
        polls=Figure.of(
            polled.hits_per_s,
            "polls a second",
            "measured" if of_run else "closed form",
            show=number,
        ),
        wasted=Figure.of(asked.wasted, "share", "closed form", show=share, source="exp(-x)"),
    )


def _within(asked: Asked, choice: Choice) -> Iterator[Sentence]:
    pick, where = choice.picks[0], choice.architecture.title
    if choice.polled is not None:
        told = {"lower": less, "higher": usd}.get(choice.answer)
        how = {"lower": "less", "higher": "more"}.get(choice.answer, "")
        yield sentence(
            "A month of {pick} costs USD {push}, one of the polls USD {poll}, both on {where} with"
            " all that it takes"
            + (f"; with the same guesses on both sides {{pick}} costs USD {{apart}} {how}." if how
               else "."),
            pick=name(pick), push=bill(pick), poll=bill(choice.polled), where=where,
            **({"apart": told(choice.apart)} if told else {}),
        )  # fmt: skip
    if len(choice.picks) > 1:
        bills, profile = [one.usd() for one in choice.picks], pick.traffic.profile
        simple = [
            *(["HTTP alone"] if profile.protocol == "http" else []),
            *([] if profile.needs_broker else ["no broker"]),
        ]
        near = max(bills) <= _NEAR * min(bills)
        yield sentence(
            ("{picks} cost the same within what is known" if near
             else "What is known does not separate {picks}")
            + " (USD {bills} a month at likely values); {pick} is named first since it needs"
            " least{simple}.",
            picks=listed([name(one) for one in choice.picks]),
            bills=usd(Range(min(bills), bills[0], max(bills))),
            pick=name(pick),
            simple=f": {listed(simple)}" if simple else "",
        )  # fmt: skip
    for cell, apart in choice.dearer.items():
        yield sentence(
            "{cell} costs USD {more} a month more than the cheapest of those.",
            cell=asked.traffic[cell].profile.called(cell, within=True),
            more=usd(apart),
        )


def _lateness(asked: Asked) -> Iterator[Sentence]:
    interval_s, way_s = asked.interval_s, asked.load.one_way_s
    yield sentence(
        "A polled message is {mean} late on average and {worst} at most; what the server sends at"
        " once is late by the network and the server alone.",
        mean=Figure.of(
            poll_latency_s(interval_s=interval_s, delay_s=way_s), "s", "closed form", show=duration
        ),
        worst=Figure.of(interval_s + way_s, "s", "closed form", show=duration),
    )


def _across(choice: Choice, others: Sequence[Elsewhere]) -> Iterator[Sentence]:
    """Other architectures, of other kinds: which of them are not told apart from the first."""
    if len(others) < 2:
        return
    first = others[0]
    tied = [one for one in others[1:] if one.answer in ("same", "unknown")]
    dearer = len(others) - 1 - len(tied)
    every = Figure.of(len(others), "architectures", "list price", show=exact)
    more: dict[str, Figure | str] = {}
    if dearer:
        more["more"] = Figure.of(dearer, "architectures", "list price", show=exact)
        more["first"] = first.side.architecture.short
    rest = "; the other {more} cost more than {first}, whatever the guesses." if dearer else "."
    if tied:
        yield sentence(
            "Of {every} architectures of all kinds that carry messages at once, what is known does"
            " not separate {near}: {names}" + rest,
            every=every,
            near=Figure.of(len(tied) + 1, "architectures", "list price", show=exact),
            names=listed([_whole(one) for one in (first, *tied)]),
            **more,
        )  # fmt: skip
    else:
        yield sentence(
            "Of {every} architectures of all kinds that carry messages at once, {name} costs least,"
            " whatever the guesses: USD {cost} a month.",
            every=every, name=_whole(first), cost=bill(first.side),
        )  # fmt: skip
    mine = [one for one in others if one.side.architecture.key == choice.architecture.key]
    if mine and mine[0].answer == "higher":
        yield sentence(
            "Another kind of whole: {where} with {pick} costs USD {more} a month more than"
            " {first}.",
            where=choice.architecture.title,
            pick=name(mine[0].side),
            more=usd(mine[0].apart),
            first=first.side.architecture.short,
        )


def _whole(one: Elsewhere) -> str:
    return f"{one.side.architecture.short} ({name(one.side)})"


# ---- what it saves ------------------------------------------------------------------------------

_CHANGED: dict[str, Basis] = {"requests": "closed form", "usd": "list price"}
_SHOWN: dict[str, Callable[[float], str]] = {"usd": amount, "servers": exact}
_CHANGES = {
    "requests": "Requests a second",
    "cores": "CPU, in cores",
    "gigabytes": "GB a month to the clients",
    "usd": "USD a month",
}


def saves(asked: Asked, choice: Choice, found: Sequence[Saving]) -> list[Sentence]:
    """What the first pick that pushes saves of what polls take."""
    cell = next((one.cell for one in choice.picks if one.traffic.profile.pushes), "")
    saving = next((one for one in found if one.cell == cell and not one.cannot), None)
    told = [*_implied(asked)]
    if saving is None:
        return told
    name = saving.profile.called(cell, within=True)
    for change in saving.changes:
        figure = partial(_changed, change)
        what = _CHANGES.get(change.key, change.unit)

        saved = change.saved
        if added := saved.low < 0 and saved.high <= 0:
            saved = Range(-saved.high, -saved.likely, -saved.low)
        told.append(
            sentence(
                "{what}: {today} with polls, {then} with {name}; "
                + ("added" if added else "saved")
                + ": {saved}"
                + (" (below zero it is added)." if saved.low < 0 else "."),
                what=what,
                today=figure(change.today),
                then=figure(change.then),
                name=name,
                saved=figure(saved),
            )
        )
    return told


def _changed(change: Change, one: Range) -> Figure:
    return Figure(
        low=one.low,
        high=one.high,
        unit=change.unit,
        basis=_CHANGED.get(change.key, "guess"),
        show=_SHOWN.get(change.key, number),
    )


def _implied(asked: Asked) -> Iterator[Sentence]:
    """What the owner's figures come to together."""
    today, polled = asked.today, asked.traffic[asked.polled]
    if today is None:
        return
    implied = today.cores_implied(polled.hits_per_s)
    if implied is not None and today.servers and today.busy and today.cpu_s_per_poll:
        yield sentence(
            "Your figures together: {polls} polls a second of {cpu} on {servers}, {busy} busy, make"
            " {cores} cores in each; if yours have fewer, one of the figures is not so.",
            polls=Figure.of(polled.hits_per_s, "polls a second", "closed form", show=number),
            cpu=said(today.cpu_s_per_poll, "s", exact_duration),
            servers=said(today.servers, "servers", lambda n: counted(n, "server")),
            busy=said(today.busy, "share", share),
            cores=Figure.of(implied, "cores", "closed form", show=number),
        )
    cpu = today.cpu_of_a_poll(polled.hits_per_s)
    if cpu is not None and cpu[1] > cpu[0] * 1.1:
        yield sentence(
            "Your servers say {high} of CPU a poll where you say {low}: both ends are priced.",
            high=said(cpu[1], "s", duration),
            low=said(cpu[0], "s", duration),
        )
    if cpu is not None:
        useful = polled.hits_per_s * (1 - asked.wasted)
        yield sentence(
            "{useful} polls a second bring something; how much of their work a pushed message still"
            " needs is not known, so push is counted with {kept} of it.",
            useful=Figure.of(useful, "polls a second", "closed form", show=number),
            kept=Figure(low=0.0, high=1.0, unit="share", basis="guess", show=share),
        )
