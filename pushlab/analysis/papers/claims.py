"""Claims held against models and against a run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pushlab.analysis.energy import energy_use, load_radios, predicted_trace
from pushlab.analysis.models import formulas
from pushlab.analysis.papers.expressions import Missing, evaluate
from pushlab.analysis.papers.reproductions import Claim, Reproduction
from pushlab.analysis.summary import catalogue
from pushlab.analysis.summary.model import CellSummary
from pushlab.analysis.trials.figures import TrialFigures
from pushlab.contract.profile import Profile, Timers
from pushlab.errors import UsageError

__all__ = ["FIGURES", "Outcome", "judge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a claim.

    Attributes:
        passed: None if there is no check.
        missing: what was not measured, in words; such a claim has not passed.
    """

    claim: Claim
    predicted: float | None
    measured: float | None
    passed: bool | None
    missing: str = ""


def judge(
    reproduction: Reproduction,
    good: Mapping[str, Sequence[TrialFigures]],
    summaries: Mapping[str, CellSummary],
) -> list[Outcome]:
    """Compute every claim's figures and check it.

    Its expressions know the numbers of ``[given]``, all closed forms by name,
    ``battery(radio, keep_alive_s, battery_wh)`` in per cent an hour above idling, and of the run
    ``cell(label, figure)``: any figure of the summary, or one of `FIGURES`.

    Args:
        good, summaries: the good trials and the figures of its run's cells; empty if it has none.

    Raises:
        UsageError: an expression is wrong.
    """

    def cell(label: str, figure: str) -> float | None:
        if label not in summaries:
            raise UsageError(f"cell({label!r}, ...): the scenario has no such transport setting")
        if figure in FIGURES:
            return FIGURES[figure](good[label]) if good[label] else None
        if figure not in catalogue.FIGURES:
            raise UsageError(f"{figure!r} is no figure of a run")
        return summaries[label][figure]

    calls: dict[str, Callable[..., Any]] = {
        **_forms(),
        "battery": _battery,
        "cell": cell,
        "abs": abs,
        "min": min,
        "max": max,
    }
    return [_outcome(claim, dict(reproduction.given), calls) for claim in reproduction.claims]


def _outcome(
    claim: Claim, names: dict[str, float | None], calls: Mapping[str, Callable[..., Any]]
) -> Outcome:
    missing = ""
    names["published"] = claim.published
    for key, text in (("predicted", claim.predicted), ("measured", claim.measured)):
        try:
            names[key] = float(evaluate(text, names, calls)) if text else None
        except Missing as figure:
            names[key], missing = None, f"not measured: {figure}"
    passed = None
    if claim.holds:
        try:
            passed = bool(evaluate(claim.holds, names, calls))
        except Missing as figure:
            passed, missing = False, missing or f"not known: {figure}"
    return Outcome(
        claim=claim,
        predicted=names["predicted"],
        measured=names["measured"],
        passed=passed,
        missing=missing,
    )


def _forms() -> dict[str, Callable[..., Any]]:
    return {name: getattr(formulas, name) for name in formulas.__all__}


def _battery(radio: str, keep_alive_s: float, battery_wh: float = 5.0) -> float:
    """Per cent of a battery an hour that keeping a silent connection open costs above idling."""
    radios = load_radios()
    if radio not in radios:
        raise UsageError(f"battery: unknown radio {radio!r} (known: {', '.join(radios)})")
    silent = Profile(delivery="stream", timers=Timers(keep_alive_s=keep_alive_s))
    trace = predicted_trace(silent, rate_per_s=0.0, span_s=24 * 3_600.0)
    use = energy_use(radios[radio], trace.times_s, trace.span_s)
    return (use.joules_per_hour - use.idle_joules_per_hour) / (battery_wh * 3_600) * 100


# ---- figures that a summary does not have -------------------------------------------------------


def _sum(good: Sequence[TrialFigures], of: Callable[[TrialFigures], float]) -> float:
    return sum(of(trial) for trial in good)


def _hits(*kinds: str) -> Callable[[TrialFigures], float]:
    return lambda trial: sum(trial.hits.get(kind, 0) for kind in kinds)


def _over(
    top: Callable[[TrialFigures], float], bottom: Callable[[TrialFigures], float]
) -> Callable[[Sequence[TrialFigures]], float | None]:
    def figure(good: Sequence[TrialFigures]) -> float | None:
        below = _sum(good, bottom)
        return _sum(good, top) / below if below else None

    return figure


def _overhead(trial: TrialFigures) -> float:
    return trial.bytes_total - trial.payload_bytes * trial.rows.counts.delivered


_polls = _hits("poll-empty", "poll-useful")

#: Of the good trials of a cell. The overhead is every byte of TCP but the messages themselves.
FIGURES: Mapping[str, Callable[[Sequence[TrialFigures]], float | None]] = {
    "hits_per_client_per_s": _over(
        lambda t: t.hits_total, lambda t: t.record.duration_s * t.record.clients
    ),
    "wasted": _over(_hits("poll-empty"), _polls),
    "polls_per_useful_poll": _over(_polls, _hits("poll-useful")),
    "messages_per_useful_poll": _over(lambda t: t.rows.counts.delivered, _hits("poll-useful")),
    "overhead_bytes_per_hit": _over(_overhead, lambda t: t.hits_total),
    "overhead_bytes_per_delivery": _over(_overhead, lambda t: t.rows.counts.delivered),
}
