"""Advice on an access log: polls as they are, and messages whose number is a range."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pushlab.analysis.advice.asked import Asked, asked_of_load
from pushlab.analysis.advice.choice import Choice
from pushlab.analysis.advice.figures import apart_by, interval_of, name
from pushlab.analysis.advice.pair import Answer, judged
from pushlab.analysis.advice.ranges import Range
from pushlab.analysis.advice.saving import sides
from pushlab.analysis.advice.sentence import Figure, Sentence, sentence
from pushlab.analysis.advice.today import Today
from pushlab.analysis.cost.guesses import ENDS, GUESSES, Guess
from pushlab.analysis.cost.meter import Uncarried
from pushlab.analysis.cost.month import Costs
from pushlab.analysis.forecast.calibration import Calibration
from pushlab.analysis.forecast.sizing import Workload
from pushlab.analysis.log.findings import LogFindings
from pushlab.contract.profile import Profile
from pushlab.quantities import message_rate, share, size

__all__ = ["asked_of_log", "logged"]

_ANSWERS: Mapping[Answer, str] = {
    "lower": "{pick} is the cheaper one",
    "higher": "polling is the cheaper one",
    "same": "the two cost the same",
    "unknown": "money does not decide",
}


def asked_of_log(
    findings: LogFindings,
    load: Workload,
    profiles: Mapping[str, Profile],
    known: Mapping[str, Calibration],
    *,
    source: str = "",
    today: Today | None = None,
    given: Sequence[str] = (),
) -> Asked:
    """The question that a log puts: its polls, and messages at their likely rate.

    Args:
        load: the log's, but for the flags that were `given`.

    Raises:
        UsageError: a value is out of range.
    """
    messages, in_vain = findings.messages, findings.in_vain
    rates = carried = None
    if messages is not None and in_vain is not None and "--rate-per-client" not in given:
        rates = Range(*findings.rates_per_s)
        if "--payload" not in given:
            carried = (1 - in_vain) / findings.interval_s * messages.body_bytes
    own = today or Today(interval_s=findings.interval_s)
    return asked_of_load(
        load,
        profiles,
        known,
        source=source,
        today=replace(own, interval_s=findings.interval_s),
        rates_per_s=rates,
        carried_bytes_per_s=carried,
        in_vain=in_vain,
        beside=_beside(findings, today),
        run="the log",
    )


def _beside(findings: LogFindings, today: Today | None) -> Guess | None:
    """Bytes of an answer beside its messages: an empty answer's; its head is a guess without it."""
    empty = findings.empty_bytes
    if empty is None or (today is not None and today.bytes_per_poll is not None):
        return None
    head = GUESSES["header_down_bytes"]
    if findings.with_heads:
        return replace(head, low=empty, likely=empty, high=empty, source="the log")
    low, likely, high = (head.at(end) + empty for end in ENDS)
    source = f"{head.source}; and the log's bodies"
    return replace(head, low=low, likely=likely, high=high, source=source)


def logged(asked: Asked, findings: LogFindings, costs: Costs, choice: Choice) -> list[Sentence]:
    """What the log says, and what it leaves open does to the answer."""
    return [*_said(asked, findings), *_open(asked, findings, costs, choice)]


def _said(asked: Asked, findings: LogFindings) -> Iterator[Sentence]:
    def measured(value: float, unit: str, **other: object) -> Figure:
        return Figure.of(value, unit, "measured", source=findings.path, **other)

    polls = measured(findings.polls_per_s, "polls a second")
    parts: dict[str, Figure | str] = {"polls": polls, "interval": interval_of(asked)}
    each = ""
    if findings.bytes_each is not None:
        each = ", {bytes} each"
        parts["bytes"] = measured(findings.bytes_each, "bytes", show=size)
    if findings.in_vain is None:
        yield sentence("{polls} polls a second, every {interval}" + each + ".", **parts)
        return
    yield sentence(
        "{wasted} of {polls} polls a second bring nothing, every {interval}"
        + each
        + "; which of them, {sign}.",
        wasted=measured(findings.in_vain, "share", show=share),
        sign=f"{findings.sign.words} ({findings.sign.sure})",
        **parts,
    )


def _open(asked: Asked, findings: LogFindings, costs: Costs, choice: Choice) -> Iterator[Sentence]:
    """The message rate that it leaves open."""
    rates, polled = asked.rates_per_s, choice.polled
    if rates is None:
        return
    span = Figure(
        low=rates.low, high=rates.high, unit="messages a second", basis="measured",
        show=message_rate,
    )  # fmt: skip
    yield sentence(
        "A log holds polls, not publishes: each client got {rate}, from one in each useful answer"
        " up to what the answers' size allows; likely {likely}, and that is what is priced where"
        " nothing else is said.",
        rate=span,
        likely=Figure.of(rates.likely, "messages a second", "guess", show=message_rate),
    )
    in_vain = findings.in_vain
    if in_vain is not None and findings.messages is not None:
        random = findings.poisson_in_vain(findings.messages.likely)
        yield sentence(
            "As many messages at random times would leave {random} of the polls in vain, and the"
            " log has {seen}, which is what is counted here; a replay of its trace tells latency.",
            random=Figure.of(random, "share", "closed form", show=share, source="exp(-x)"),
            seen=Figure.of(in_vain, "share", "measured", show=share),
        )
    if polled is None:
        return
    for rate_per_s in (rates.low, rates.high):
        every = sides(asked.at_rate(rate_per_s), costs, choice.architecture)
        try:
            answer, apart = judged(every[choice.picks[0].cell], every[polled.cell])
        except Uncarried:
            continue
        yield sentence(
            "At {rate} {pick} costs {apart} a month than polls: " + (
                "the same answer." if answer == choice.answer else "there " + _ANSWERS[answer] + "."
            ),
            rate=Figure.of(rate_per_s, "messages a second", "measured", show=message_rate),
            pick=name(choice.picks[0]),
            apart=apart_by(*apart),
        )  # fmt: skip
