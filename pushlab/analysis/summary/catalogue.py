"""What a figure is: its name, unit and words, how trials give it, and where it is shown.

One declaration in `FIGURES` puts a figure into the summary of every cell, and so into the
terminal's tables, the report, `pushlab diff`, objectives (`check --slo`), `pushlab export` and the
table of results/README.md: all of them ask here, and none has a list of its own. Nothing large is
imported, so that a stored summary is shown at once.

To add a figure, add a `Figure` and its test. Its value is a function of trials (`Sum`, `Largest`,
`Ratio`, `Sampled`, `Of`) or of a cell's other figures (`Derived`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from pushlab.analysis.summary.estimators import (
    Count,
    Derived,
    Estimator,
    Largest,
    Mean,
    Of,
    Ratio,
    Sampled,
    Sum,
    storms,
)
from pushlab.contract.hits import Hit

__all__ = [
    "FIGURES",
    "FORMAT",
    "Figure",
    "Table",
    "Unit",
    "charted",
    "compared",
    "declare",
    "figure",
    "figures_table",
    "per_trial",
    "ranked",
    "shown_in",
]

#: The version of a stored summary's formulas. Raise it when a figure is added or computed anew:
#: summaries of other versions are not believed, and made again from the rows.
FORMAT = 2

Unit = Literal["s", "bytes", "usd", "share", ""]
#: ``run``: the terminal's table of a run; ``sweep``: that of a sweep; ``report``: the main table of
#: the page; then the page's tables of the publisher's lateness, of order, of connecting, of trials.
Table = Literal["run", "sweep", "report", "lateness", "order", "connecting", "trials"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a cell.

    Attributes:
        name: its path in a cell's summary, such as ``latency_s.p99``.
        words: its name at the head of a column or beside an axis, such as ``latency p99``.
        unit: of its value; empty for a number.
        made: how trials give it.
        about: what it holds, in results/README.md; neighbours with the same words share a row.
        head: its short name, where one line must do.
        small: what stands in small print below `words`.
        shown: the tables that it is in, each with its rank: columns of the highest rank give way
            first where room is short, those of rank 0 stay.
        interval: whether it has a 95 % interval over trials.
        stored: whether it stands in ``run.json``; a `Derived` one does not.
        compared: how `pushlab diff` compares it: ``ratio``, by its trials' spread; ``exact``, any
            difference counts; None: not at all.
        ranked: its place, from 1, among the figures by which cells are ranked and which are looked
            at for their stability between trials; 0: it is none of them.
        stability: the ranked figure whose stability speaks for it; see `steady_as`.
        model: the figure that a closed form predicts for it.
        whole: the count of which it may be given as a share (``lost<0.1%``).
        bad: in words, what has happened where it is not 0: ``deliveries were lost``.
        per_trial: whether ``per_trial`` has it.
        chart: the name of its chart along a sweep's grid, with its number.
        axis, noun: what that chart shows, and its name in a sentence.
        since: the `FORMAT` from which on summaries have it.
    """

    name: str
    words: str
    made: Estimator = field(repr=False)
    unit: Unit = ""
    about: str = ""
    head: str = ""
    small: str = ""
    shown: Mapping[Table, int] = field(default_factory=dict)
    interval: bool = False
    compared: Literal["ratio", "exact"] | None = None
    ranked: int = 0
    stability: str = ""
    model: str = ""
    whole: str = ""
    bad: str = ""
    per_trial: bool = False
    chart: str = ""
    axis: str = ""
    noun: str = ""
    since: int = 1

    @property
    def stored(self) -> bool:
        """Whether it stands in a stored summary, or is made of figures that do."""
        return not isinstance(self.made, Derived)

    @property
    def key(self) -> str:
        """Its name among those that cells are ranked by: ``latency_s`` is its mean."""
        return self.name.removesuffix(".mean")

    @property
    def steady_as(self) -> str:
        """The key under which a summary's ``unstable`` would name it."""
        return self.stability or (self.key if self.ranked else "")

    @property
    def counted_by(self) -> str:
        """The figure that says how many samples it rests on; empty where none does."""
        name = "latency_s.count" if isinstance(self.made, Ratio) else ""
        if isinstance(self.made, Sampled):
            name = f"{self.made.samples}.count"
        return name if name in FIGURES else ""

    @property
    def title(self) -> str:
        """Its words at the beginning of a line."""
        return self.words[:1].upper() + self.words[1:]

    @property
    def short(self) -> str:
        """Its short name."""
        return self.head or self.words


# ---- the publisher's side, and the deliveries ----------------------------------------------------

_PUBLISHES = "publishes of the measured windows; `scheduled` = `sent` + `skipped`"


def _accounted(name: str) -> Count:
    return Count(lambda t: getattr(t.counts, name))


def _swarm_count(name: str) -> Count:
    return Count(lambda t: getattr(t.record.swarm, name) if t.record.swarm else 0)


_COUNTS = (
    *(
        Figure(
            name=name,
            words=name,
            made=_accounted(name),
            about=_PUBLISHES,
            whole="scheduled" if name != "scheduled" else "",
            per_trial=True,
        )
        for name in ("scheduled", "sent", "accepted")
    ),
    Figure(
        name="skipped",
        words="skipped sends",
        made=_accounted("skipped"),
        about=_PUBLISHES,
        whole="scheduled",
        compared="exact",
        bad="publishes were skipped",
        per_trial=True,
        shown={"lateness": 0},
    ),
    Figure(
        name="rejected",
        words="rejected",
        made=_accounted("rejected"),
        about=_PUBLISHES,
        whole="scheduled",
        compared="exact",
        bad="publishes were not accepted",
        per_trial=True,
    ),
    Figure(
        name="expected",
        words="expected",
        made=_accounted("expected"),
        about="accepted publishes times the subscribers of their channel",
        per_trial=True,
    ),
    Figure(
        name="delivered",
        words="delivered",
        made=_accounted("delivered"),
        about="of these, how many arrived, each counted once; `expected` = `delivered` + `lost`",
        small="of what was owed",
        whole="expected",
        per_trial=True,
        shown={"run": 4, "report": 0, "trials": 0},
    ),
    Figure(
        name="lost",
        words="lost",
        made=_accounted("lost"),
        about="never arrived, the drain included",
        whole="expected",
        compared="exact",
        bad="deliveries were lost",
        per_trial=True,
        shown={"run": 0, "sweep": 0, "report": 0, "trials": 0},
    ),
    Figure(
        name="duplicated",
        words="duplicated",
        made=_accounted("duplicated"),
        about="came again, on the wire or to the application",
        whole="expected",
        compared="exact",
        bad="deliveries came twice",
        per_trial=True,
        shown={"order": 0},
    ),
    Figure(
        name="reordered",
        words="reordered",
        made=_accounted("reordered"),
        about="came after a later message of the same channel",
        whole="expected",
        compared="exact",
        bad="deliveries came out of order",
        per_trial=True,
        shown={"order": 0},
    ),
    Figure(
        name="late",
        words="in the drain",
        made=_accounted("late"),
        about="arrived after the measured window, in the drain; part of `delivered`",
        small="came after the window",
        whole="expected",
        per_trial=True,
        shown={"order": 0},
    ),
    Figure(
        name="unmatched",
        words="unmatched",
        made=_accounted("unmatched"),
        about="deliveries that belong to no publish, or to another channel's reader",
        compared="exact",
        bad="deliveries belong to no publish of theirs",
        per_trial=True,
    ),
    Figure(
        name="late_sends",
        words="late sends",
        made=Count(lambda t: t.record.publisher.late if t.record.publisher else 0),
        about="publishes that were sent more than 10 ms late",
        whole="scheduled",
        shown={"lateness": 0},
    ),
    *(
        Figure(
            name=name,
            words=name,
            made=_swarm_count(name),
            about="how often subscribers were told that they missed something; lost their"
            " connection",
            compared="exact",
            shown={"order": 0},
        )
        for name in ("gaps", "disconnects")
    ),
)

# ---- what it took --------------------------------------------------------------------------------


def _kind(name: str, kind: str) -> Sum:
    return Sum(lambda t: getattr(t, name).get(kind, 0))


def _kinds(name: str, words: str, about: str) -> Iterator[Figure]:
    for kind in sorted(set(Hit) - {Hit.PUBLISH}):
        yield Figure(
            name=f"{name}.{kind}",
            words=f"{kind} {words}",
            made=_kind(name, kind),
            about=about,
        )


_TRAFFIC = (
    *_kinds("hits", "hits", "requests for the sake of delivery in the windows, by kind"),
    Figure(
        name="hits_total",
        words="hits",
        small="requests in the window",
        made=Sum(lambda t: t.hits_total, empty=0),
        about="their sum; the publisher's own requests are in `publish_hits`",
        shown={"report": 0, "trials": 0},
        model="predicted.hits",
        per_trial=True,
    ),
    *_kinds("hits_setup", "hits of the set-up", "the same before the windows: handshakes are here"),
    Figure(
        name="publish_hits",
        words="publishes",
        made=Sum(lambda t: t.publish_hits, empty=0),
        about="the publisher's requests, which are equal for all transports",
    ),
    Figure(
        name="hits_per_delivery",
        words="hits per delivery",
        head="hits",
        made=Ratio(lambda t: t.hits_total, lambda t: t.counts.delivered),
        about="`hits_total` / deliveries of the good trials (`latency_s.count`)",
        interval=True,
        compared="ratio",
        ranked=2,
        model="predicted_hits_per_delivery",
        shown={"run": 0, "report": 0},
    ),
    Figure(
        name="hits_per_s",
        words="hits/s",
        made=Derived("hits_total", "duration_s"),
        about="requests per second of the windows",
        model="predicted_hits_per_s",
        stability="hits_per_delivery",
        chart="3-hits",
        axis="requests to the server per second",
        noun="hit rate",
        shown={"sweep": 0},
    ),
)

# ---- how long it took ----------------------------------------------------------------------------

_LATENCY_SHOWN: Mapping[str, Mapping[Table, int]] = {
    "p50": {"run": 0, "sweep": 1, "report": 0, "trials": 0},
    "p99": {"run": 1, "sweep": 2, "report": 0, "trials": 0},
    "mean": {"run": 0, "sweep": 0, "report": 0, "trials": 0},
    "max": {"trials": 0},
}
#: Of the latencies: the chart's name, what it shows, the noun.
_LATENCY_CHARTS = {
    "mean": ("1-latency", "mean latency: received minus intended", "mean latency"),
    "p99": ("2-latency-p99", "99 % of the deliveries came within", "p99"),
}
_STALENESS = (
    "over the window, of now minus the publish time of the oldest message that a subscriber should"
    " have and has not"
)
_STATISTICS = ("p50", "p90", "p95", "p99", "p99_9", "mean", "min", "max", "count", "nonpositive")


def _described(
    name: str, words: str, about: str, shown: Mapping[str, Mapping[Table, int]]
) -> Iterator[Figure]:
    """The statistics of samples in seconds that come from several trials, merged."""
    latency = name == "latency_s"
    for what in _STATISTICS:
        counted = what in ("count", "nonpositive")
        bad = ""
        if latency and what == "nonpositive":
            bad = "latencies are zero or negative; they are counted as they are"
        chart, axis, noun = _LATENCY_CHARTS.get(what, ("",) * 3) if latency else ("",) * 3
        yield Figure(
            name=f"{name}.{what}",
            words=f"{words} {what.replace('_', '.')}",
            head=what.replace("_", ".") if latency else "",
            made=Sampled(name, what),
            unit="" if counted else "s",
            about=about,
            interval=what in ("mean", "p50", "p95", "p99"),
            compared="ratio" if latency and what in ("p50", "p95", "p99", "mean") else None,
            ranked=int(latency and what == "mean"),
            stability="latency_s" if latency and what == "p99" else "",
            model="predicted.mean_latency_s" if latency and what == "mean" else "",
            bad=bad,
            per_trial=latency and what in ("p50", "p90", "p95", "p99", "mean", "max"),
            shown=shown.get(what, {}),
            chart=chart,
            axis=axis,
            noun=noun,
        )


_TIMES = (
    *_described(
        "latency_s",
        "latency",
        "received minus intended. A percentile needs ten samples beyond it, else it is `null`;"
        " `nonpositive` counts latencies of zero or less, which are kept",
        _LATENCY_SHOWN,
    ),
    *_described(
        "latency_from_send_s",
        "latency from the send",
        "the same for received minus sent",
        {what: {"lateness": 0} for what in ("p50", "p99", "mean")},
    ),
    *_described(
        "publish_delay_s",
        "publish delay",
        "the same for sent minus intended",
        {what: {"lateness": 0} for what in ("p50", "p99")},
    ),
    Figure(
        name="staleness_s.mean",
        words="staleness",
        made=Mean(lambda t: t.staleness_s["mean"]),
        unit="s",
        about=_STALENESS,
        small="mean",
        shown={"report": 0},
    ),
    Figure(
        name="staleness_s.max",
        words="stale at most",
        made=Largest(lambda t: t.staleness_s["max"]),
        unit="s",
        about=_STALENESS,
        head="stale",
        shown={"run": 5},
    ),
    Figure(
        name="clock_bound_s",
        words="clocks' bound",
        made=Largest(lambda t: max(t.record.clocks.bound_ns) / 1e9 if t.record.clocks else None),
        unit="s",
        about="the largest bound on the error of the pages' clocks, and so of each latency; `null`"
        " where the clock was the machine's",
        since=2,
    ),
    Figure(
        name="duration_s",
        words="measured",
        made=Sum(lambda t: t.record.duration_s, empty=0),
        unit="s",
        about="the sum of the measured windows",
    ),
)

# ---- what it used --------------------------------------------------------------------------------


def _swarm(*names: str) -> Sum:
    return Sum(
        lambda t: sum(getattr(t.record.swarm, name) for name in names) if t.record.swarm else None
    )


_BYTES = "the subscribers' TCP payload, both directions"
_HUB = "the hub's process: CPU in the windows, memory and descriptors at most"
_BROKER = "the broker's, where there is one"

_USED = (
    Figure(name="bytes_in", words="bytes in", unit="bytes", made=_swarm("bytes_in"), about=_BYTES),
    Figure(
        name="bytes_out", words="bytes out", unit="bytes", made=_swarm("bytes_out"), about=_BYTES
    ),
    Figure(
        name="bytes_setup",
        words="bytes of the set-up",
        unit="bytes",
        made=_swarm("bytes_in_setup", "bytes_out_setup"),
        about=_BYTES,
    ),
    Figure(
        name="bytes_per_delivery",
        words="bytes per delivery",
        head="bytes",
        small="both ways",
        unit="bytes",
        made=Ratio(
            lambda t: t.bytes_total if t.record.swarm else None, lambda t: t.counts.delivered
        ),
        about=_BYTES,
        interval=True,
        compared="ratio",
        ranked=3,
        shown={"run": 2, "report": 0},
    ),
    Figure(
        name="server_cpu_s",
        words="server's CPU",
        unit="s",
        made=Sum(lambda t: t.record.server.cpu_s if t.record.server else None),
        about=_HUB,
        per_trial=True,
        shown={"trials": 0},
    ),
    Figure(
        name="server_cpu_s_per_delivery",
        words="server's CPU per delivery",
        unit="s",
        made=Ratio(
            lambda t: t.record.server.cpu_s if t.record.server else None,
            lambda t: t.counts.delivered,
        ),
        about=_HUB,
    ),
    Figure(
        name="server_rss_bytes",
        words="server's memory",
        small="at most",
        unit="bytes",
        made=Largest(lambda t: t.record.server.rss_bytes if t.record.server else None),
        about=_HUB,
        compared="ratio",
        shown={"order": 0},
    ),
    Figure(
        name="server_open_descriptors",
        words="server's descriptors",
        small="at most",
        made=Largest(lambda t: t.record.server.open_descriptors if t.record.server else None),
        about=_HUB,
        shown={"order": 0},
    ),
    Figure(
        name="broker_cpu_s",
        words="broker's CPU",
        unit="s",
        made=Sum(lambda t: t.record.broker.cpu_s if t.record.broker else None),
        about=_BROKER,
    ),
    Figure(
        name="broker_rss_bytes",
        words="broker's memory",
        unit="bytes",
        made=Largest(lambda t: t.record.broker.rss_bytes if t.record.broker else None),
        about=_BROKER,
    ),
    Figure(
        name="generator_cpu_s",
        words="generator's CPU",
        unit="s",
        made=Sum(lambda t: t.generator_cpu_s),
        about="swarm and publisher",
    ),
    Figure(
        name="cpu_s_per_delivery",
        words="CPU per delivery",
        head="CPU",
        small="hub and broker",
        unit="s",
        made=Ratio(lambda t: t.cpu_s if t.record.server else None, lambda t: t.counts.delivered),
        about="the hub's and its broker's together",
        interval=True,
        compared="ratio",
        ranked=4,
        shown={"run": 3, "report": 0},
    ),
    Figure(
        name="cpu_share",
        words="CPU of a core",
        head="CPU",
        unit="share",
        made=Derived("server_cpu_s", "duration_s", plus="broker_cpu_s"),
        about="hub's and broker's CPU time over the time measured: 1 is one core",
        stability="cpu_s_per_delivery",
        chart="4-cpu",
        axis="CPU time of hub and broker, of one core",
        noun="CPU share",
        shown={"sweep": 3},
    ),
)

# ---- connecting, cost, models, and what was asked ------------------------------------------------

_STORM = (
    "all storms of the cell put together. A client that polls at an interval begins at a random"
    " moment of its first interval, so its storm lasts as long"
)
_STORMS: Sequence[tuple[str, str, Unit]] = (
    ("clients", "clients that connected", ""),
    ("duration_s", "all connected within", "s"),
    ("connects_per_s", "connects/s", ""),
    ("server_cpu_s", "server's CPU to connect", "s"),
    ("broker_cpu_s", "broker's CPU to connect", "s"),
    ("hits_per_client", "hits to connect a client", ""),
    ("bytes_per_client", "bytes to connect a client", "bytes"),
)
_STATES: Sequence[Literal["ok", "failed", "interrupted"]] = ("ok", "failed", "interrupted")
_PREDICTED: Sequence[tuple[str, str, Unit, Mapping[Table, int]]] = (
    ("hits", "predicted hits", "", {}),
    ("mean_latency_s", "(mean)", "s", {"sweep": 5}),
    ("hits_setup", "predicted hits of the set-up", "", {}),
    ("connect_s", "predicted to connect", "s", {}),
)


def _predicted(what: str) -> Of:
    return Of(lambda c: getattr(c.predicted, what) if c.predicted else None)


def _ended(status: Literal["ok", "failed", "interrupted"]) -> Of:
    return Of(lambda c: c.states[status])


_REST = (
    *(
        Figure(
            name=f"connect_s.{what}",
            words=words,
            made=Sampled("connect_s", what),
            unit="s",
            about="how long subscribers took to connect",
            compared="ratio" if what != "max" else None,
            shown={"connecting": 0},
        )
        for what, words in (
            ("p50", "to connect p50"),
            ("p99", "to connect p99"),
            ("max", "longest to connect"),
        )
    ),
    *(
        Figure(
            name=f"connect_storm.{what}",
            words=words,
            made=Of(storms(what)),
            unit=unit,
            about=_STORM,
        )
        for what, words, unit in _STORMS
    ),
    Figure(
        name="usd_per_month.usd",
        words="USD a month",
        head="USD",
        unit="usd",
        made=Of(lambda c: c.price.usd),
        about="this traffic for 30 days at one offer; `pushlab cost` has all offers",
        shown={"run": 6, "report": 0},
    ),
    Figure(
        name="usd_per_month.alternative.usd",
        words="USD a month by the hour",
        unit="usd",
        made=Of(lambda c: c.price.alternative.usd if c.price.alternative else None),
        about="the same traffic by the hour",
    ),
    *(
        Figure(
            name=f"predicted.{what}",
            words=words,
            made=_predicted(what),
            unit=unit,
            about="by closed form; `connect_s` over a link alone",
            shown=shown,
        )
        for what, words, unit, shown in _PREDICTED
    ),
    Figure(
        name="predicted_hits_per_delivery",
        words="predicted hits per delivery",
        made=Derived("predicted.hits", "latency_s.count"),
        about="`predicted.hits` over the deliveries",
    ),
    Figure(
        name="predicted_hits_per_s",
        words="(hits/s)",
        made=Derived("predicted.hits", "duration_s"),
        about="`predicted.hits` over the time measured",
        shown={"sweep": 4},
    ),
    *(
        Figure(
            name=f"trials.{status}",
            words=f"trials {status}",
            made=_ended(status),
            about="how many trials ended so",
            compared="exact" if status == "failed" else None,
        )
        for status in _STATES
    ),
    Figure(
        name="clients",
        words="clients",
        made=Of(lambda c: c.first.clients if c.first else None),
        about="as the scenario had them",
    ),
    Figure(
        name="channels",
        words="channels",
        made=Of(lambda c: c.first.channels if c.first else None),
        about="as the scenario had them",
    ),
)

#: Every figure by its name, in the order of tables.
FIGURES: dict[str, Figure] = {
    one.name: one for one in (*_COUNTS, *_TRAFFIC, *_TIMES, *_USED, *_REST)
}


def declare(one: Figure) -> None:
    """Add a figure, as a plug-in may; its name must be new."""
    if one.name in FIGURES:
        raise ValueError(f"there is a figure {one.name!r} already")
    FIGURES[one.name] = one


def figure(name: str) -> Figure:
    """The figure of this name, which is declared."""
    return FIGURES[name]


def shown_in(table: Table) -> list[Figure]:
    """The figures of a table, from left to right; what a model says stands beside the figure."""
    found = [one for one in FIGURES.values() if table in one.shown]
    models = {one.model for one in found}
    beside = [[one, FIGURES.get(one.model)] for one in found if one.name not in models]
    return [one for pair in beside for one in pair if one is not None and one in found]


def ranked() -> list[Figure]:
    """The figures that cells are ranked by."""
    return sorted((one for one in FIGURES.values() if one.ranked), key=lambda one: one.ranked)


def compared(how: Literal["ratio", "exact"]) -> list[Figure]:
    """The figures that `pushlab diff` compares so."""
    return [one for one in FIGURES.values() if one.compared == how]


def per_trial() -> list[Figure]:
    """The figures that ``per_trial`` has of each trial."""
    return [one for one in FIGURES.values() if one.per_trial]


def charted() -> list[Figure]:
    """The figures that are drawn along a sweep's grid."""
    return sorted((one for one in FIGURES.values() if one.chart), key=lambda one: one.chart)


def figures_table() -> str:
    """The table of results/README.md: every figure, its unit, and what it holds."""
    lines = ["| figures | unit | hold |", "|---|---|---|"]
    for about, group in groupby(FIGURES.values(), key=lambda one: one.about):
        found = list(group)
        names = ", ".join(f"`{one.name}`" for one in found)
        units = ", ".join(dict.fromkeys(one.unit for one in found if one.unit))
        intervals = [one.name for one in found if one.interval]
        told = f"; with `_ci`: {', '.join(f'`{n}`' for n in intervals)}" if intervals else ""
        derived = "" if all(one.stored for one in found) else " (made of the others, not stored)"
        since = max(one.since for one in found)
        lines.append(
            f"| {names} | {units or 'a number'} | {about}{told}{derived}"
            f"{f' (from format {since} on)' if since > 1 else ''} |"
        )
    return "\n".join(lines)
