"""What a figure is: its name, unit and words, how trials give it, and where it is shown.

One declaration here puts a figure into the summary of every cell, and so into the terminal's
tables, the report, `pushlab diff`, objectives (`check --slo`), `pushlab export` and the table of
results/README.md: all of them ask here, and none has a list of its own. Nothing large is imported,
so that a stored summary is shown at once. Longer than 400 lines, since it is one list.

To add a figure, add a `Figure` and its test. Its value is made of trials (`total`, `largest`,
`ratio`, `sampled`, `of_cell`) or of a cell's other figures (`Derived`).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pushlab.analysis.summary.figure import (
    Derived,
    Estimator,
    Figure,
    Table,
    Value,
    largest,
    of_cell,
    ratio,
    sampled,
    total,
)
from pushlab.analysis.trials.clocks import latency_bound_s
from pushlab.contract.hits import Hit

if TYPE_CHECKING:
    from pushlab.analysis.trials.figures import TrialFigures
    from pushlab.runs import ConnectFigures

__all__ = [
    "FIGURES",
    "FORMAT",
    "Figure",
    "Table",
    "charted",
    "claimed",
    "compared",
    "declare",
    "marked",
    "per_trial",
    "ranked",
    "shown_in",
]

#: The version of a stored summary's formulas. Raise it when a figure is added or computed anew:
#: summaries of other versions are not believed, and made again from the rows.
FORMAT = 4

#: Every figure by its name, in the order of tables.
FIGURES: dict[str, Figure] = {}


def declare(*figures: Figure) -> None:
    """Add figures, whose names must be new."""
    for one in figures:
        if one.name in FIGURES:
            raise ValueError(f"there is a figure {one.name!r} already")
        FIGURES[one.name] = one


# ---- the publisher's side, and the deliveries ----------------------------------------------------


def _count(name: str, about: str, words: str = "", *, whole: str = "", bad: str = "") -> Figure:
    """A count of the accounting; one of what went wrong is compared exactly."""
    made = total(lambda t: getattr(t.counts, name), empty=0, ended=True)
    one = Figure(name, words or name, made, about, whole=whole, bad=bad, per_trial=True)
    return one.but(compared="exact") if bad else one


def _of_swarm(*names: str, empty: float | None = None, ended: bool = False) -> Estimator:
    def of(trial: "TrialFigures") -> float | None:
        swarm = trial.record.swarm
        return sum(getattr(swarm, name) for name in names) if swarm else None

    return total(of, empty, ended=ended)


def _cut(name: str) -> Figure:
    about = "how often subscribers were told that they missed something; lost their connection"
    made = _of_swarm(name, empty=0, ended=True)
    return Figure(name, name, made, about, compared="exact", shown={"order": 0})


def _polls(what: Literal["due", "late", "skipped"]) -> Estimator:
    def of(trial: "TrialFigures") -> float | None:
        polls: int | None = getattr(trial.record.swarm, f"polls_{what}", None)
        return polls

    return total(of, ended=True)


_BY_CLOCK = (
    "polls that fixed clocks wanted in the windows; of those, made more than 10 ms late, and not"
    " made at all; `null` where nobody polls by a fixed clock"
)
_UNHEARD = (
    "publishes whose answer never came: accepted, since they arrived (in `accepted` too); arrived"
    " at nobody, so that nobody knows. `sent` = `accepted` + `rejected` + `unknown`"
)
_ARRIVED = "publishes were never answered, and arrived all the same; they are counted as accepted"
_LOST_TRACK = "publishes were never answered and arrived at nobody: accepted or not, nobody knows"
_SENT = "publishes of the measured windows; `scheduled` = `sent` + `skipped`"
_OWED = "accepted publishes times the subscribers of their channel"
_CAME = "of these, how many arrived, each counted once; `expected` = `delivered` + `lost`"
_DRAINED = "arrived after the measured window, in the drain; part of `delivered`"
_AGAIN = "came again unasked, on the wire or to the application"
_BEHIND_LATER = "came after a later message of the same channel; they are delivered, not lost"
_ASTRAY = "deliveries that belong to no publish, or to another channel's reader"
_NO_PUBLISH = "deliveries belong to no publish of theirs"
_LATE_SENDS = total(lambda t: t.record.publisher.late if t.record.publisher else 0, 0, ended=True)

declare(
    _count("scheduled", _SENT),
    _count("sent", _SENT, whole="scheduled"),
    _count("accepted", _SENT, whole="scheduled"),
    _count("skipped", _SENT, "skipped sends", whole="scheduled", bad="publishes were skipped").but(
        shown={"lateness": 0}
    ),
    _count("rejected", _SENT, whole="scheduled", bad="publishes were refused"),
    _count("unanswered", _UNHEARD, whole="scheduled", bad=_ARRIVED).but(since=3),
    _count("unknown", _UNHEARD, whole="scheduled", bad=_LOST_TRACK).but(since=3),
    _count("expected", _OWED),
    _count("delivered", _CAME, whole="expected").but(
        small="of what was owed", shown={"run": 4, "report": 0, "trials": 0}
    ),
    _count(
        "lost", "never arrived, the drain included", whole="expected", bad="deliveries were lost"
    ).but(shown={"run": 0, "sweep": 0, "report": 0, "trials": 0, "systems": 9}),
    _count("duplicated", _AGAIN, whole="expected", bad="deliveries came twice").but(
        shown={"order": 0}
    ),
    _count("reordered", _BEHIND_LATER, whole="expected", bad="deliveries came out of order").but(
        shown={"order": 0}
    ),
    _count("late", _DRAINED, "in the drain", whole="expected").but(
        small="came after the window", shown={"order": 0}
    ),
    _count("unmatched", _ASTRAY, bad=_NO_PUBLISH),
    Figure("late_sends", "late sends", _LATE_SENDS, "sent more than 10 ms late").but(
        whole="scheduled", shown={"lateness": 0}
    ),
    Figure("polls_due", "polls due", _polls("due"), _BY_CLOCK, since=3),
    Figure("polls_late", "late polls", _polls("late"), _BY_CLOCK, whole="polls_due", since=3).but(
        shown={"lateness": 0}
    ),
    Figure("polls_skipped", "skipped polls", _polls("skipped"), _BY_CLOCK, since=3).but(
        whole="polls_due", bad="polls that were due were not made", shown={"lateness": 0}
    ),
    _cut("gaps"),
    _cut("disconnects"),
)

# ---- what it took --------------------------------------------------------------------------------


def _kinds(name: str, words: str, about: str) -> Iterator[Figure]:
    def of(kind: str) -> Estimator:
        return total(lambda t: getattr(t, name).get(kind, 0))

    for kind in sorted(set(Hit) - {Hit.PUBLISH}):
        yield Figure(f"{name}.{kind}", f"{kind} {words}", of(kind), about)


def _delivered(trial: "TrialFigures") -> float:
    return trial.counts.delivered


_SUM = "their sum; the publisher's own requests are in `publish_hits`"
_EQUAL = "the publisher's requests, which are equal for all transports"
_PER_DELIVERY = "`hits_total` / deliveries of the good trials (`latency_s.count`)"
_HITS = total(lambda t: t.hits_total, empty=0)
_HITS_EACH = ratio(lambda t: t.hits_total, _delivered)
_HIT_RATE = Derived("hits_total", "duration_s")

declare(
    *_kinds("hits", "hits", "requests for the sake of delivery in the windows, by kind"),
    Figure("hits_total", "hits", _HITS, _SUM, small="requests in the window").but(
        shown={"report": 0, "trials": 0}, model="predicted.hits", per_trial=True
    ),
    *_kinds("hits_setup", "hits of the set-up", "the same before the windows, with handshakes"),
    Figure("publish_hits", "publishes", total(lambda t: t.publish_hits, empty=0), _EQUAL),
    Figure("hits_per_delivery", "hits per delivery", _HITS_EACH, _PER_DELIVERY, head="hits")
    .but(interval=True, compared="ratio", ranked=2, shown={"run": 0, "report": 0, "systems": 3})
    .but(model="predicted_hits_per_delivery", marked=True),
    Figure("hits_per_s", "hits/s", _HIT_RATE, "requests per second of the windows")
    .but(stability="hits_per_delivery", model="predicted_hits_per_s", shown={"sweep": 0})
    .but(chart="3-hits", axis="requests to the server per second", noun="hit rate"),
)

# ---- how long it took ----------------------------------------------------------------------------


def _described(name: str, words: str, about: str) -> Iterator[Figure]:
    """The statistics of samples in seconds that come from several trials, merged."""
    for what in ("p50", "p90", "p95", "p99", "p99_9", "mean", "min", "max", "count", "nonpositive"):
        short, made = what.replace("_", "."), sampled(name, what)
        one = Figure(f"{name}.{what}", f"{words} {short}", made, about)
        one = one.but(interval=what not in ("min", "max", "count", "nonpositive"))
        yield one.but(shown={"lateness": 0}) if what in ("p50", "p99") else one


def _chart(chart: str, axis: str, noun: str) -> dict[str, Any]:
    return {"chart": chart, "axis": axis, "noun": noun}


def _latency(one: Figure) -> Figure:
    """A statistic of the latencies, with all that these have over others."""
    what = one.name.removeprefix("latency_s.")
    one = one.but(head=what.replace("_", "."), stability="latency_s", shown={})
    if one.interval:
        one = one.but(compared="ratio")
    if what in ("p50", "p90", "p95", "p99", "mean", "max"):
        main = what in ("p50", "p95", "p99", "mean")
        one = one.but(per_trial=True, claimed=what == "p50", marked=main)
    more: dict[str, dict[str, Any]] = {
        "p50": {"shown": {"run": 0, "sweep": 1, "report": 0, "trials": 0, "systems": 1}},
        "p99": {
            "shown": {"run": 1, "sweep": 2, "report": 0, "trials": 0, "systems": 2},
            "instead": "latency_s.p95",
            **_chart("2-latency-p99", "99 % of the deliveries came within", "p99"),
        },
        "mean": {
            "shown": {"run": 0, "sweep": 0, "report": 0, "trials": 0},
            "ranked": 1,
            "model": "predicted.mean_latency_s",
            **_chart("1-latency", "mean latency: received minus intended", "mean latency"),
        },
        "max": {"shown": {"trials": 0}},
        "nonpositive": {"bad": "latencies are zero or negative; they are counted as they are"},
    }
    return one.but(**more.get(what, {}))


_LATENCY = (
    "received minus intended. A percentile needs ten publishes beyond it, else it is `null`;"
    " `nonpositive` counts latencies of zero or less, which are kept"
)
_BEHIND = "how many publishes the latencies rest on: deliveries of one publish are one sample"
_STALE = (
    "over the window, of now minus the publish time of the oldest message that a subscriber should"
    " have and has not"
)
_BOUND = (
    "the largest bound on the error of the clocks, and so of each latency: of those of the swarm's"
    " processes against the publisher's, and of pages against their process's; `null` where all"
    " stamps were of one clock"
)
_STAMPS = (
    "by how much deliveries to witnesses were stamped later than an idle event loop does, which is"
    " `stamp_path_s` after the kernel. Where one read brought several it is the most that it can"
    " have been"
)
_SEND_STAMPS = "by how much requests were stamped earlier than the kernel gave them to the network"
_PATH = (
    "how long after the kernel an event loop stamps what it reads that does nothing else: in every"
    " latency, on the quietest machine too, for all transports alike; `stamp_error_s` is without it"
)


def _stamped(name: str, words: str, about: str) -> Iterator[Figure]:
    for what in ("p50", "p90", "p95", "p99", "mean", "max", "count"):
        one = Figure(f"{name}.{what}", f"{words} {what}", sampled(name, what), about, since=3)
        yield one.but(shown={"lateness": 0}, per_trial=True) if what in ("p50", "p99") else one


_STEPS = (
    "how often the machine's wall clock was set meanwhile, by which the kernel stamps: what it"
    " stamped before that and was read after it is not believed"
)


def _steps(trial: "TrialFigures") -> float | None:
    return trial.record.witnesses.steps if trial.record.witnesses else None


def _path_s(trial: "TrialFigures") -> float | None:
    return trial.record.witnesses.path_s if trial.record.witnesses else None


_PATH_MEAN = ratio(_path_s, lambda t: 1.0)
_STALE_MEAN = ratio(lambda t: t.staleness_s["mean"], lambda t: 1.0)
_STALE_MAX = largest(lambda t: t.staleness_s["max"])
_CLOCKS = largest(lambda t: latency_bound_s(t.record))
_WINDOWS = total(lambda t: t.record.duration_s, empty=0)

declare(
    *map(_latency, _described("latency_s", "latency", _LATENCY)),
    Figure(
        "latency_s.publishes", "publishes behind", sampled("latency_s", "samples"), _BEHIND, since=3
    ),
    Figure("clock_bound_s", "latency known to ±", _CLOCKS, _BOUND, "±", since=2).but(
        shown={"run": 1, "sweep": 3}, where_known=True
    ),
    *_described("latency_from_send_s", "latency from the send", "the same for received minus sent"),
    *_described("publish_delay_s", "publish delay", "the same for sent minus intended"),
    *_stamped("stamp_error_s", "stamped late", _STAMPS),
    *_stamped("send_stamp_error_s", "stamped early", _SEND_STAMPS),
    Figure("clock_steps", "steps of the clock", total(_steps), _STEPS, since=3).but(
        bad="times the machine's wall clock was set; the kernel's stamps of then are not believed"
    ),
    Figure("stamp_path_s", "reading path", _PATH_MEAN, _PATH, since=3, shown={"lateness": 0}),
    Figure("staleness_s.mean", "staleness", _STALE_MEAN, _STALE, small="mean", shown={"report": 0}),
    Figure("staleness_s.max", "stale at most", _STALE_MAX, _STALE, "stale", shown={"run": 5}),
    Figure("duration_s", "measured", _WINDOWS, "the sum of the measured windows"),
)

# ---- what it used --------------------------------------------------------------------------------


def _server(name: str) -> Value:
    return lambda t: getattr(t.record.server, name) if t.record.server else None


def _broker(name: str) -> Value:
    return lambda t: getattr(t.record.broker, name) if t.record.broker else None


def _backplane(name: str) -> Value:
    return lambda t: getattr(t.record.backplane, name) if t.record.backplane else None


_BYTES = "the subscribers' TCP payload, both directions"
_HUB = "the server's: CPU in the windows, memory and descriptors at most; `null`: not watched"
_BROKER = "the broker's, where there is one"
_BACKPLANE = "of what hubs share, where it is started beside them"
_ALL_OF_IT = (
    "CPU of server, broker, backplane over deliveries: idling and publishing are in it, so it falls"
    " as the rate grows; `marginal_cpu_s_per_delivery` is without them"
)
_OF_A_CORE = "CPU time of server, broker, backplane over the time measured: 1 is one core"
_BYTES_SETUP = _of_swarm("bytes_in_setup", "bytes_out_setup")
_BYTES_EACH = ratio(lambda t: t.bytes_total if t.record.swarm else None, _delivered)
_CPU_EACH = ratio(lambda t: t.cpu_s, _delivered)
_SERVER_EACH = ratio(_server("cpu_s"), _delivered)
_DESCRIPTORS = largest(_server("open_descriptors"))
_GENERATOR = total(lambda t: t.generator_cpu_s)
_SHARE = Derived("server_cpu_s", "duration_s", plus=("broker_cpu_s", "backplane_cpu_s"))

declare(
    Figure("bytes_in", "bytes in", _of_swarm("bytes_in"), _BYTES),
    Figure("bytes_out", "bytes out", _of_swarm("bytes_out"), _BYTES),
    Figure("bytes_setup", "bytes of the set-up", _BYTES_SETUP, _BYTES),
    Figure("bytes_per_delivery", "bytes per delivery", _BYTES_EACH, _BYTES, "bytes", "both ways")
    .but(interval=True, compared="ratio", ranked=3)
    .but(shown={"run": 2, "report": 0, "systems": 6}),
    Figure("server_cpu_s", "server's CPU", total(_server("cpu_s"), whole=True), _HUB).but(
        per_trial=True, shown={"trials": 0}, looked=True
    ),
    Figure("server_cpu_s_per_delivery", "server's CPU per delivery", _SERVER_EACH, _HUB).but(
        looked=True
    ),
    Figure("server_rss_bytes", "server's memory", largest(_server("rss_bytes")), _HUB).but(
        small="at most", compared="ratio", looked=True, shown={"order": 0, "systems": 5}
    ),
    Figure("server_open_descriptors", "server's descriptors", _DESCRIPTORS, _HUB).but(
        small="at most", looked=True, shown={"order": 0}
    ),
    Figure("broker_cpu_s", "broker's CPU", total(_broker("cpu_s")), _BROKER),
    Figure("broker_rss_bytes", "broker's memory", largest(_broker("rss_bytes")), _BROKER),
    Figure("backplane_cpu_s", "backplane's CPU", total(_backplane("cpu_s")), _BACKPLANE),
    Figure(
        "backplane_rss_bytes", "backplane's memory", largest(_backplane("rss_bytes")), _BACKPLANE
    ),
    Figure("generator_cpu_s", "generator's CPU", _GENERATOR, "swarm and publisher"),
    Figure("cpu_s_per_delivery", "CPU per delivery", _CPU_EACH, _ALL_OF_IT, "CPU")
    .but(small="of all: idling, publishing", interval=True, compared="ratio", ranked=4)
    .but(marked=True, looked=True)
    .but(shown={"run": 3, "report": 0, "systems": 4}),
    Figure("cpu_share", "CPU of a core", _SHARE, _OF_A_CORE, "CPU")
    .but(stability="cpu_s_per_delivery", looked=True, shown={"sweep": 3})
    .but(
        chart="4-cpu", axis="CPU time of server, broker, backplane, of one core", noun="CPU share"
    ),
)

# ---- what CPU seconds are made of ----------------------------------------------------------------


def _part(name: str, words: str, about: str, part: str, *, broker: bool = False) -> Figure:
    """A cost by itself; see `pushlab.analysis.trials.costs`."""

    def split(trial: "TrialFigures", which: Literal[0, 1]) -> float | None:
        from pushlab.analysis.trials.costs import cost_of

        found = cost_of(part, broker=broker)(trial)
        return None if found is None or not found[1] else found[which]

    made = ratio(lambda t: split(t, 0), lambda t: split(t, 1))
    return Figure(name, words, made, about, interval=True, looked=True, since=3)


_APART = (
    "from the windows beside the measured one (`parts`), of server and broker, and of the broker:"
    " with nobody connected; with all connected and nothing published, polls included; a publish"
    " that nobody reads, above idling; one more delivery, above both; a poll in vain; a poll that"
    " brings something, with its messages. `null` without such windows or events"
)

declare(
    _part("unconnected_cpu_share", "CPU unconnected", _APART, "alone"),
    _part("idle_cpu_share", "CPU idle", _APART, "idle"),
    _part("cpu_s_per_publish", "CPU per publish", _APART, "publish").but(compared="ratio"),
    _part("marginal_cpu_s_per_delivery", "CPU per further delivery", _APART, "delivery").but(
        small="idling and publishing left out", compared="ratio"
    ),
    _part("cpu_s_per_empty_poll", "CPU per empty poll", _APART, "empty").but(compared="ratio"),
    _part("cpu_s_per_useful_poll", "CPU per useful poll", _APART, "useful").but(compared="ratio"),
    _part("broker_idle_cpu_share", "broker's CPU idle", _APART, "idle", broker=True),
    _part("broker_cpu_s_per_publish", "broker's CPU per publish", _APART, "publish", broker=True),
    _part(
        "broker_marginal_cpu_s_per_delivery",
        "broker's CPU per further delivery",
        _APART,
        "delivery",
        broker=True,
    ),
)

# ---- connecting, cost, models, and what was asked ------------------------------------------------


def _to_connect(what: str, words: str) -> Figure:
    made, about = sampled("connect_s", what), "how long subscribers took to connect"
    one = Figure(f"connect_s.{what}", words, made, about, shown={"connecting": 0})
    return one if what == "max" else one.but(compared="ratio")


def _storm(name: str, words: str, of: Value, over: Value | None = None) -> Figure:
    about = (
        "all storms of the cell put together. A client that polls at an interval begins at a random"
        " moment of its first interval, so its storm lasts as long"
    )
    return Figure(f"connect_storm.{name}", words, ratio(of, over) if over else total(of), about)


def _in_storm(of: Callable[["ConnectFigures"], float | None]) -> Value:
    return lambda t: of(t.record.connect) if t.record.connect else None


def _predicted(what: str, words: str) -> Figure:
    made = of_cell(lambda c: getattr(c.predicted, what) if c.predicted else None)
    return Figure(f"predicted.{what}", words, made, "by closed form; `connect_s` over a link alone")


def _ended(status: Literal["ok", "failed", "interrupted"]) -> Figure:
    made = of_cell(lambda c: c.states[status])
    return Figure(f"trials.{status}", f"trials {status}", made, "how many trials ended so")


def _asked(name: Literal["clients", "channels"]) -> Figure:
    return Figure(
        name, name, of_cell(lambda c: getattr(c.first, name) if c.first else None), "as asked"
    )


def _month(name: Literal["usd", "low", "high"], words: str) -> Figure:
    made = of_cell(lambda c: getattr(c.price, name))
    return Figure(f"usd_per_month.{name}", words, made, _MONTH, "USD" if name == "usd" else "")


_CONNECTED, _CONNECTED_S = _in_storm(lambda s: s.clients), _in_storm(lambda s: s.storm_s or 0.0)
_STORM_HITS = _in_storm(lambda s: sum(s.hits.values()))
_STORM_BYTES = _in_storm(lambda s: s.bytes_in + s.bytes_out)
_MONTH = (
    "this traffic for 30 days in one architecture, with every guess at its likely value; low, high:"
    " at its cheap and its dear end; `pushlab cost` has the others"
)
_MODEL_EACH = Derived("predicted.hits", "latency_s.count")
_MODEL_RATE = Derived("predicted.hits", "duration_s")

declare(
    _to_connect("p50", "to connect p50"),
    _to_connect("p99", "to connect p99"),
    _to_connect("max", "longest to connect"),
    _storm("clients", "clients that connected", _CONNECTED),
    _storm("duration_s", "all connected within", _CONNECTED_S),
    _storm("connects_per_s", "connects/s", _CONNECTED, _CONNECTED_S).but(more_is_better=True),
    _storm("server_cpu_s", "server's CPU to connect", _in_storm(lambda s: s.server_cpu_s)).but(
        looked=True
    ),
    _storm("broker_cpu_s", "broker's CPU to connect", _in_storm(lambda s: s.broker_cpu_s)),
    _storm("hits_per_client", "hits to connect a client", _STORM_HITS, _CONNECTED),
    _storm("bytes_per_client", "bytes to connect a client", _STORM_BYTES, _CONNECTED),
    _month("usd", "USD a month").but(shown={"run": 6, "report": 0}),
    _month("low", "USD a month, low"),
    _month("high", "USD a month, high"),
    _predicted("hits", "predicted hits"),
    _predicted("mean_latency_s", "(mean)").but(shown={"sweep": 5}),
    _predicted("hits_setup", "predicted hits of the set-up"),
    _predicted("connect_s", "predicted to connect"),
    Figure("predicted_hits_per_delivery", "(hits per delivery)", _MODEL_EACH, "over deliveries"),
    Figure("predicted_hits_per_s", "(hits/s)", _MODEL_RATE, "over the time measured").but(
        shown={"sweep": 4}
    ),
    _ended("ok"),
    _ended("failed").but(compared="exact"),
    _ended("interrupted"),
    _asked("clients"),
    _asked("channels"),
)

# ---- who asks ------------------------------------------------------------------------------------


class _Known(Protocol):
    """Of a cell's summary, what is asked here."""

    @property
    def floor(self) -> bool: ...

    def __getitem__(self, name: str) -> float | None: ...


def shown_in(table: Table, cells: Iterable[_Known] = ()) -> list[Figure]:
    """The figures of a table, from left to right; what a model says stands beside the figure.

    Args:
        cells: whom the table is of; a figure that none of them has gives way to its `instead`.
    """
    rivals = [cell for cell in cells if not cell.floor]

    def chosen(one: Figure) -> Figure:
        missing = one.instead and rivals and all(cell[one.name] is None for cell in rivals)
        return FIGURES[one.instead].but(shown=one.shown) if missing else one

    found = [
        chosen(one)
        for one in FIGURES.values()
        if table in one.shown
        and not (one.where_known and all(cell[one.name] is None for cell in rivals))
    ]
    models = {one.model for one in found}
    beside = [[one, FIGURES.get(one.model)] for one in found if one.name not in models]
    return [one for pair in beside for one in pair if one is not None and one in found]


def ranked() -> list[Figure]:
    """The figures that cells are ranked by."""
    return sorted((one for one in FIGURES.values() if one.ranked), key=lambda one: one.ranked)


def claimed() -> list[Figure]:
    """The figures that titles speak of, by which each two cells are compared."""
    return [one for one in FIGURES.values() if one.ranked or one.claimed]


def marked() -> list[Figure]:
    """The main figures: what marks on them say, stands with a cell."""
    return [one for one in FIGURES.values() if one.marked]


def compared(how: Literal["ratio", "exact"]) -> list[Figure]:
    """The figures that `pushlab diff` compares so."""
    return [one for one in FIGURES.values() if one.compared == how]


def per_trial() -> list[Figure]:
    """The figures that ``per_trial`` has of each trial."""
    return [one for one in FIGURES.values() if one.per_trial]


def charted() -> list[Figure]:
    """The figures that are drawn along a sweep's grid."""
    return sorted((one for one in FIGURES.values() if one.chart), key=lambda one: one.chart)
