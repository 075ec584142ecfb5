"""Claims held against models and against a run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pushlab.analysis.energy.battery import energy_of
from pushlab.analysis.energy.radio import load_radios
from pushlab.analysis.energy.traces import predicted_trace
from pushlab.analysis.models import formulas
from pushlab.analysis.papers.expressions import Missing, evaluate
from pushlab.analysis.papers.reproductions import Claim, Reproduction
from pushlab.analysis.summary import catalogue
from pushlab.analysis.summary.figure import Estimator, Value, ratio
from pushlab.analysis.summary.summarise import Analysis
from pushlab.analysis.trials.figures import TrialFigures
from pushlab.contract.registry import profile_of
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


def judge(reproduction: Reproduction, measured: Analysis | None = None) -> list[Outcome]:
    """Compute every claim's figures and check it.

    Its expressions know the numbers of ``[given]``, all closed forms by name,
    ``battery(radio, silence_s, transport, battery_wh)`` in per cent an hour above idling, and of
    the run ``cell(label, figure)``: any figure of the summary, or one of `FIGURES`.

    Args:
        measured: its run; None if it has none.

    Raises:
        UsageError: an expression is wrong.
    """

    def cell(label: str, figure: str) -> float | None:
        if measured is None or label not in measured.cells:
            raise UsageError(f"cell({label!r}, ...): the scenario has no such transport setting")
        if figure in FIGURES:
            return FIGURES[figure](measured.cells[label]).value
        if figure not in catalogue.FIGURES:
            raise UsageError(f"{figure!r} is no figure of a run")
        return measured.summary.cells[label][figure]

    calls: dict[str, Callable[..., Any]] = {
        **_forms(),
        "battery": _battery,
        "cell": cell,
        "abs": abs,
        "min": min,
        "max": max,
    }
    return [_outcome(claim, dict(reproduction.given), calls) for claim in reproduction.claim]


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


def _battery(
    radio: str, silence_s: float, transport: str = "mqtt", battery_wh: float = 5.0
) -> float:
    """Per cent of a battery an hour that keeping a silent connection open costs above idling.

    Args:
        silence_s: the keep-alive of a stream, or the hold of a long poll.
    """
    radios = load_radios()
    if radio not in radios:
        raise UsageError(f"battery: unknown radio {radio!r} (known: {', '.join(radios)})")
    silent = profile_of(transport).retimed(keep_alive_s=silence_s, hold_s=silence_s)
    trace = predicted_trace(silent, rate_per_s=0.0, span_s=24 * 3_600.0)
    use = energy_of(transport, silent, [trace], [radios[radio]]).uses[radio]
    return (use.joules_per_hour - use.idle_joules_per_hour) / (battery_wh * 3_600) * 100


# ---- figures that a summary does not have -------------------------------------------------------


def _hits(*kinds: str) -> Value:
    return lambda trial: sum(trial.hits.get(kind, 0) for kind in kinds)


def _delivered(trial: TrialFigures) -> float:
    return trial.counts.delivered


def _overhead(trial: TrialFigures) -> float:
    return trial.bytes_total - trial.payload_bytes * trial.counts.delivered


_polls = _hits("poll-empty", "poll-useful")

#: The overhead is every byte of TCP but the messages themselves.
FIGURES: Mapping[str, Estimator] = {
    "hits_per_client_per_s": ratio(
        lambda t: t.hits_total, lambda t: t.record.duration_s * t.record.clients
    ),
    "wasted": ratio(_hits("poll-empty"), _polls),
    "polls_per_useful_poll": ratio(_polls, _hits("poll-useful")),
    "messages_per_useful_poll": ratio(_delivered, _hits("poll-useful")),
    "overhead_bytes_per_hit": ratio(_overhead, lambda t: t.hits_total),
    "overhead_bytes_per_delivery": ratio(_overhead, _delivered),
}
