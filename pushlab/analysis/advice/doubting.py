"""What would change the answer, where polling is right, and what all rests on, in sentences."""

import math
from collections.abc import Iterator, Sequence

from pushlab.analysis.advice.asked import TODAY, Asked
from pushlab.analysis.advice.choice import Choice
from pushlab.analysis.advice.figures import apart_by, interval_of, less, name, usd, within_usd
from pushlab.analysis.advice.pair import Answer
from pushlab.analysis.advice.ranges import Range
from pushlab.analysis.advice.sentence import Figure, Sentence, said, sentence
from pushlab.analysis.advice.turning import MANY_READERS, Flip, Probe
from pushlab.analysis.cost.guesses import CPU, MEMORY
from pushlab.analysis.cost.month import Costs
from pushlab.analysis.cost.sizes import REFERENCE
from pushlab.analysis.forecast.crossovers import Crossover
from pushlab.quantities import counted, exact, interval, large, listed, message_rate, number

__all__ = ["polling", "rests", "turns"]

_LEAST_TURN = 0.05  # of the pick's bill, that a guess must move to be named
_MOST_GUESSES = 3
#: What narrows that which is the widest as a rule.
_MEASURE = "a run of your own (`--calibrate`), or your CPU of a poll in `--today`, narrows it"
_DAY = len("2026-01-31")  # others have a month or a year alone
_WEAK = ("third-party", "weak")


# ---- what would change it -----------------------------------------------------------------------


def turns(
    asked: Asked,
    choice: Choice,
    even: Range | None,
    probed: Sequence[Probe],
    flips: Sequence[Flip],
    crosses: Sequence[tuple[Crossover, float]],
) -> list[Sentence]:
    """The interval, the loads, the guesses and the crossovers at which it turns."""
    told = [*_even(asked, choice, even)]
    told += _probed(asked, choice, probed)
    told += _flipped(choice, flips)
    for crossover, x in crosses:
        assert crossover.value is not None
        told.append(
            sentence(
                "{says}: from {value} messages in a poll interval on; here there are {x}.",
                says=crossover.says,
                value=Figure.of(
                    crossover.value, crossover.unit, "closed form", show=number,
                    source=crossover.formula,
                ),
                x=Figure.of(x, "messages in a poll interval", "closed form", show=number),
            )
        )  # fmt: skip
    return told


def _even(asked: Asked, choice: Choice, even: Range | None) -> Iterator[Sentence]:
    if even is None or math.isinf(even.low) or even.high == 0:
        return
    parts: dict[str, Figure | str] = {
        "pick": name(choice.picks[0]),
        "now": interval_of(asked),
        "where": choice.architecture.short,
    }
    low, high = even.low, even.high
    if math.isinf(high):
        yield sentence(
            "Polls at intervals from {even} on may cost no more than {pick} on {where}, and no"
            " interval is sure to; now it is {now}.",
            even=_span(Range.of(low)), **parts,
        )  # fmt: skip
    elif low == 0:
        yield sentence(
            "Polls cost no more than {pick} on {where} at {even} or longer, and perhaps at any"
            " interval; now it is {now}.",
            even=_span(Range.of(high)), **parts,
        )  # fmt: skip
    else:
        yield sentence(
            "The interval at which polls cost as much as {pick} on {where} is {even}; longer ones"
            " cost less, and now it is {now}.",
            even=_span(even), **parts,
        )  # fmt: skip


def _span(found: Range) -> Figure:
    return Figure(low=found.low, high=found.high, unit="s", basis="list price", show=interval)


_TURNED: dict[Answer, str] = {
    "lower": "{pick} is the cheaper one, by USD {less} a month",
    "higher": "polling is the cheaper one, by USD {more} a month",
    "same": "the two cost the same, to within USD {most} a month",
    "unknown": "money does not decide: {pick} costs from USD {below} a month less to {above} more",
}


def _probed(asked: Asked, choice: Choice, probed: Sequence[Probe]) -> Iterator[Sentence]:
    """Another number of clients, another rate; both directions in one where neither matters."""
    for what in ("clients", "rate"):
        mine = [probe for probe in probed if probe.what == what]
        same = [probe for probe in mine if probe.answer is None]
        now = asked.load.clients if what == "clients" else asked.load.rate_per_s
        yield from (_turned(choice, probe, now) for probe in mine if probe.answer is not None)
        if same:
            ends = sorted([now, *(probe.value for probe in same)])
            each = "" if what == "clients" else " for each client"
            yield sentence(
                "Between {low} and {high}" + each + " the answer is the same (tried in steps of"
                " ten).",
                low=_load(what, ends[0]), high=_load(what, ends[-1]),
            )  # fmt: skip


def _load(what: str, value: float) -> Figure:
    def clients(count: float) -> str:
        return f"{large(round(count), 3)} client{'' if round(count) == 1 else 's'}"

    show, unit = (clients, "clients") if what == "clients" else (message_rate, "messages a second")
    return Figure.of(value, unit, "list price", show=show)


def _turned(choice: Choice, probe: Probe, now: float) -> Sentence:
    assert probe.answer is not None
    apart, told = probe.apart, _TURNED[probe.answer]
    figures = {
        "less": less(apart),
        "more": usd(apart),
        "most": within_usd(apart),
        "below": usd(Range.of(max(0.0, -apart.low))),
        "above": usd(Range.of(max(0.0, apart.high))),
    }
    parts: dict[str, Figure | str] = {
        name: one for name, one in figures.items() if f"{{{name}}}" in told
    }
    if "{pick}" in told:
        parts["pick"] = name(choice.picks[0])
    each = "" if probe.what == "clients" else " for each client"
    return sentence(
        "With {value}" + each + " in place of {now}, " + told + ".",
        value=_load(probe.what, probe.value), now=_load(probe.what, now), **parts,
    )  # fmt: skip


def _flipped(choice: Choice, flips: Sequence[Flip]) -> Iterator[Sentence]:
    least = _LEAST_TURN * choice.picks[0].usd()
    wide = [one for one in flips if one.width > least][:_MOST_GUESSES]
    for one in wide:
        guess, apart = one.guess, one.apart
        at_low, at_high = (
            Figure.of(value, guess.unit or "of all", "guess", show=number)
            for value in (guess.low, guess.high)
        )
        yield sentence(
            "{words}: between {low} and {high}"
            + (f" {guess.unit}" if guess.unit else "")
            + ", {pick} costs {apart} a month, "
            + ("which turns the answer" if one.turns else "which alone turns nothing")
            + (f"; {_MEASURE}." if guess.name in (CPU, MEMORY) else "."),
            words=guess.words,
            low=at_low,
            high=at_high,
            pick=name(choice.picks[0]),
            apart=apart_by(*apart),
        )


# ---- polling ------------------------------------------------------------------------------------


def polling(asked: Asked, choice: Choice, even: Range | None) -> list[Sentence]:
    """Where it is the right choice, and whether that is here."""
    return [*_polling_here(asked, choice), *_polling_elsewhere(asked, choice, even)]


def _polling_here(asked: Asked, choice: Choice) -> Iterator[Sentence]:
    if choice.polled is None:
        return
    if choice.answer == "lower":
        yield sentence(
            "Not here: polls every {interval} cost USD {less} a month more than {pick}.",
            interval=interval_of(asked),
            less=less(choice.apart),
            pick=name(choice.picks[0]),
        )
        return
    why = {
        "higher": "so polls cost less",
        "same": "so the two cost the same",
        "unknown": "so it is not shown that polls cost more",
    }[choice.answer]
    yield sentence(
        "Here, wherever a message may be {interval} late: {pick} costs {apart} a month, " + why
        + ", and they need no connection that stays, no proxy settings and no other server than for"
        " any request.",
        interval=interval_of(asked),
        pick=name(choice.picks[0]),
        apart=apart_by(*choice.apart),
    )  # fmt: skip


def _polling_elsewhere(asked: Asked, choice: Choice, even: Range | None) -> Iterator[Sentence]:
    if even is not None and not math.isinf(even.high) and even.high > asked.interval_s:
        yield sentence(
            "Wherever a message may be {even} late: polls so seldom cost no more than {pick},"
            " whatever the guesses.",
            even=_span(Range.of(even.high)),
            pick=name(choice.picks[0]),
        )
    readers = asked.load.per_channel
    if readers >= MANY_READERS:
        yield sentence(
            "Behind a cache: {readers} clients read the same, so a cache that keeps an answer for"
            " {interval} leaves the server {one} poll in that time for all of them.",
            readers=said(readers, "clients", number),
            interval=interval_of(asked),
            one=Figure.of(1, "polls", "closed form", show=exact),
        )


# ---- what it rests on ---------------------------------------------------------------------------


def rests(asked: Asked, choice: Choice, costs: Costs) -> list[Sentence]:
    """Measurements, prices, guesses, and what is in none of these figures."""
    told = list[Sentence]()
    shown = [*choice.picks, *([choice.polled] if choice.polled else [])]
    by_source: dict[str, list[str]] = {}
    for side in shown:
        if side.meter.sizes is not None:
            by_source.setdefault(side.meter.sizes.source, []).append(name(side))
    for source, names in by_source.items():
        told.append(
            sentence(
                "Servers: sized for {n} of these by the {source}: {names}."
                if source.startswith(REFERENCE)
                else "Servers: sized for {n} of these by {source}: {names}.",
                n=Figure.of(
                    len(names),
                    "transports",
                    "reference"
                    if source.startswith(REFERENCE)
                    else "asked"
                    if source == TODAY
                    else "measured",
                    show=exact,
                ),
                source=source,
                names=listed(names),
            )
        )
    prices = {item.price for side in shown for item in side.bill().items}
    days = sorted(price.read for price in prices if len(price.read) == _DAY)
    weak = sum(price.confidence in _WEAK for price in prices)
    told.append(
        sentence(
            "Prices: {n} of the book, list prices"
            + (" read {days}, where the day is known" if days else "")
            + ("; {weak} not the vendor's own word." if weak else "."),
            n=Figure.of(len(prices), "prices", "list price", show=exact),
            **({"days": _days(days)} if days else {}),
            **({"weak": Figure.of(weak, "prices", "list price", show=exact)} if weak else {}),
        )
    )  # fmt: skip
    guessed = [name for name in choice.picks[0].names if name in costs.guesses]
    told.append(
        sentence(
            "Guesses: {n}, each with a range; both sides of a comparison take each at the same"
            " value.",
            n=Figure.of(len(guessed), "guesses", "guess", show=exact),
        )
    )
    left = choice.architecture.left_out
    if left:
        told.append(
            sentence(
                "In none of these figures: the people who run it, and {n} ({left}).",
                n=Figure.of(len(left), "parts", "list price", show=lambda n: counted(n, "part")),
                left="; ".join(left),
            )
        )
    return told


def _days(days: Sequence[str]) -> str:
    return f"on {days[0]}" if days[0] == days[-1] else f"from {days[0]} to {days[-1]}"
