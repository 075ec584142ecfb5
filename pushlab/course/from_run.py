"""From a run's folder to the plain data of a measurement; what it needs for that is loaded here."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pushlab.analysis.models.formulas import messages_per_useful_poll, wasted_fraction
from pushlab.course.measured import Figures, Measurement, Month, Row, Watched, Work
from pushlab.quantities import exact_duration

if TYPE_CHECKING:
    from pushlab.analysis.stats.estimate import Estimate
    from pushlab.analysis.summary.model import CellSummary
    from pushlab.analysis.trials.figures import TrialFigures
    from pushlab.charts.view import RunView
    from pushlab.runs import Run, TrialRecord

__all__ = ["measurement_of"]

_EMPTY, _USEFUL = "poll-empty", "poll-useful"
_NS = 1e9
_MOST_SAMPLES = 900
_AT_ONCE_S = 0.002  # an answer and the message in it are stamped one after the other
_LEAST_TRIALS = 3


def measurement_of(
    run: "Run", *, here: bool, transports: Sequence[str] | None = None
) -> Measurement:
    """Read all that the course shows out of a run's folder.

    Args:
        here: whether it was measured just now, on this machine.
        transports: keep the rows of these alone, as far as the run has them; None keeps all.

    Raises:
        RunError: a file of rows is missing or damaged.
    """
    from pushlab.charts.view import view_of

    view = view_of(run)
    cells = [cell for cell in view.rivals if view.analysis.good[cell]]
    if transports is not None:
        known = [c for c in cells if view.analysis.good[c][0].record.transport in transports]
        cells = known or cells
    short = _short_names(view, cells)
    rows = [_row(view, cell, short[cell]) for cell in cells]
    return Measurement(_work(view, cells, here), rows, here=here, month=lambda: _month(view, cells))


def _work(view: "RunView", cells: Sequence[str], here: bool) -> Work:
    record = view.analysis.good[cells[0]][0].record
    known = view.run.environment
    return Work(
        clients=record.clients,
        rooms=record.channels,
        per_room=record.per_channel,
        rate_per_s=record.rate_per_channel,
        duration_s=record.duration_s,
        trials=max(len(view.analysis.good[cell]) for cell in cells),
        arrivals=record.arrivals,
        one_way_ms=record.link.one_way_ms,
        machine=str(known.get("processor") or known.get("cpu") or ""),
        cores=known.get("cores"),
        recorded=None if here else view.run.created_utc[:10],
    )


def _short_names(view: "RunView", cells: Sequence[str]) -> dict[str, str]:
    """How a title calls each row: settings of one transport by what tells them apart."""
    records = {cell: view.analysis.good[cell][0].record for cell in cells}
    same = len({record.transport for record in records.values()}) == 1
    names = {}
    for cell, record in records.items():
        names[cell] = view.names[cell]
        if same and len(cells) > 1 and "interval_s" in record.options:
            interval_s = float(record.options["interval_s"])
            names[cell] = f"asking every {exact_duration(interval_s)}"
    return names


def _row(view: "RunView", cell: str, short: str) -> Row:
    trials = view.analysis.good[cell]
    record, told = trials[0].record, view.summaries[cell]
    style = view.cell_styles[cell]
    return Row(
        cell=cell,
        name=style.name,
        short=short,
        transport=record.transport,
        colour=style.colour,
        options=dict(record.options),
        pushes=record.profile.pushes,
        figures=_figures(told, style.name),
        intervals=_intervals(view, cell),
        formulas=_formulas(told, record),
        samples_s=_samples_s(trials),
        watched=_watched(view.run, trials),
        by_trial=_by_trial(trials),
    )


def _figures(told: "CellSummary", name: str) -> Figures:
    return Figures(
        name=name,
        waiting_s=told["latency_s.mean"] or 0.0,
        worst_s=told["latency_s.max"] or 0.0,
        requests_per_s=told["hits_per_s"] or 0.0,
        requests_per_message=told["hits_per_delivery"] or 0.0,
        wasted=_wasted(told.hits),
        bytes_per_message=told["bytes_per_delivery"] or 0.0,
        cpu_ms_per_message=(told["cpu_s_per_delivery"] or 0.0) * 1000,
        deliveries=told.count("delivered"),
        lost=told.count("lost"),
        median_s=told["latency_s.p50"],
        p95_s=told["latency_s.p95"],
        p99_s=told["latency_s.p99"],
    )


def _wasted(hits: Mapping[str, int]) -> float | None:
    polls = hits.get(_EMPTY, 0) + hits.get(_USEFUL, 0)
    return hits.get(_EMPTY, 0) / polls if polls else None


def _intervals(view: "RunView", cell: str) -> dict[str, tuple[float, float]]:
    """Over trials, as METHOD's rule 31 has it; three trials are the least."""
    from pushlab.analysis.stats.intervals import MIN_TRIALS_TAIL, trial_interval
    from pushlab.analysis.summary.catalogue import FIGURES
    from pushlab.analysis.summary.figure import ratio

    trials = view.analysis.cells[cell]

    def stored(name: str) -> "Estimate":
        return trials.estimate(FIGURES[name])

    def polls(trial: "TrialFigures") -> float | None:
        return float(trial.hits.get(_EMPTY, 0) + trial.hits.get(_USEFUL, 0)) or None

    made = {
        "waiting_s": (stored("latency_s.mean"), 1.0),
        "median_s": (stored("latency_s.p50"), 1.0),
        "p95_s": (stored("latency_s.p95"), 1.0),
        "p99_s": (stored("latency_s.p99"), 1.0),
        "requests_per_s": (
            ratio(lambda t: t.hits_total, lambda t: t.record.duration_s)(trials),
            1.0,
        ),
        "requests_per_message": (stored("hits_per_delivery"), 1.0),
        "wasted": (ratio(lambda t: t.hits.get(_EMPTY, 0), polls)(trials), 1.0),
        "bytes_per_message": (stored("bytes_per_delivery"), 1.0),
        "cpu_ms_per_message": (stored("cpu_s_per_delivery"), 1000.0),
    }
    found = {}
    for name, (one, scale) in made.items():
        least = MIN_TRIALS_TAIL if one.mean_of is not None else _LEAST_TRIALS
        if one.value is not None and one.trials >= least:
            low, high = trial_interval(one)
            top = 1.0 if name == "wasted" else float("inf")
            found[name] = (max(0.0, low) * scale, min(top, high) * scale)
    return found


def _formulas(told: "CellSummary", record: "TrialRecord") -> dict[str, float]:
    """What closed forms say of the very schedules that were drawn, where there are any."""
    interval_s, rate = float(record.options.get("interval_s", 0.0)), record.rate_per_channel
    found = {
        "waiting_s": told["predicted.mean_latency_s"],
        "requests_per_s": told["predicted_hits_per_s"],
        "requests_per_message": told.over("predicted.hits", "expected"),
    }
    if interval_s and record.arrivals == "poisson":
        found["wasted"] = wasted = wasted_fraction(rate_per_s=rate, interval_s=interval_s)
        # One poll for the messages that are there, and the polls in vain.
        each = messages_per_useful_poll(rate_per_s=rate, interval_s=interval_s)
        found["requests_per_message"] = 1 / ((1 - wasted) * each)
    return {name: value for name, value in found.items() if value is not None}


def _by_trial(trials: Sequence["TrialFigures"]) -> dict[str, tuple[float, ...]]:
    """What a race compares, trial by trial; nothing where a trial brought no message."""
    if not all(len(trial.latency_s) for trial in trials):
        return {}
    return {
        "waiting_s": tuple(trial.latency_s.mean() for trial in trials),
        "requests_per_s": tuple(trial.hits_total / trial.record.duration_s for trial in trials),
    }


def _samples_s(trials: Sequence["TrialFigures"]) -> tuple[float, ...]:
    from pushlab.analysis.stats.values import Values

    every = sorted(Values.chained([trial.latency_s for trial in trials]).whole().tolist())
    step = max(1.0, len(every) / _MOST_SAMPLES)
    return tuple(every[int((i + 0.5) * step)] for i in range(int(len(every) / step)))


def _watched(run: "Run", trials: Sequence["TrialFigures"]) -> Watched | None:
    """Of the clients that were watched in the first trial, the one whose mean wait is the median.

    Of several, one that got the most messages.
    """
    trial = trials[0]
    record, rows = trial.record, trial.rows
    traffic = run.traffic(record)
    if traffic is None:
        return None
    start_ns, span_s = record.measure_start_ns or 0, record.duration_s
    observed = sorted({int(each) for each in traffic.subscriber})
    came = rows.of_readers(observed)
    written = (rows.publishes.intended_ns[came.publish_of] - start_ns) / _NS
    arrived = (came.received_ns - start_ns) / _NS
    messages: dict[int, list[tuple[float, float]]] = {one: [] for one in observed}
    for client, begun, ended in zip(came.subscriber, written, arrived, strict=True):
        if begun >= 0:
            messages[int(client)].append((float(begun), float(ended)))
    client = _typical(messages)
    mine = tuple(sorted(messages[client]))
    moments = (traffic.at_ns[traffic.subscriber == client] - start_ns) / _NS
    sent = traffic.sent[traffic.subscriber == client]
    asks: list[tuple[float, float, bool]] = []
    if not record.profile.pushes:
        answers = [float(at) for at in moments[~sent]]
        for asked in map(float, moments[sent]):
            answered = next((at for at in answers if at > asked), span_s)
            if asked <= span_s and answered >= 0:
                useful = any(asked <= end <= answered + _AT_ONCE_S for _, end in mine)
                asks.append((max(0.0, asked), answered, useful))
    return Watched(client + 1, len(observed), mine, tuple(asks), span_s)


def _typical(messages: Mapping[int, Sequence[tuple[float, float]]]) -> int:
    waits = {
        one: sum(end - begin for begin, end in mine) / len(mine)
        for one, mine in messages.items()
        if mine
    }
    if not waits:
        return next(iter(messages))
    most = max(len(messages[one]) for one in waits)
    some = sorted((one for one in waits if len(messages[one]) == most), key=lambda one: waits[one])
    return some[(len(some) - 1) // 2]


def _month(view: "RunView", cells: Sequence[str]) -> Month | None:
    from pushlab.analysis.cost.telling import place_words

    priced: dict[str, Any] = {one.cell: one for one in view.costs.within if not one.cannot}
    usd = {
        cell: (float(priced[cell].usd), float(priced[cell].range_usd[1]))
        for cell in cells
        if cell in priced
    }
    return Month(view.finding("5-cost"), place_words(view.costs.chosen), usd) if usd else None
