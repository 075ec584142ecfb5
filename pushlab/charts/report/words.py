"""What a run was asked, and under which conditions, in words."""

from collections.abc import Mapping
from typing import Any

from pushlab.analysis.stats.intervals import MIN_TRIALS
from pushlab.charts.view import RunView
from pushlab.quantities import counted, duration, exact, exact_duration, memory
from pushlab.runs.placed import hosts_of, worker_words

__all__ = ["asked", "conditions", "environment", "settings"]


def asked(view: RunView) -> list[str]:
    """The scenario, as sentences."""
    scenario = view.run.scenario
    trial = next(iter(view.run.trials), None)
    clients = int(scenario.get("clients", trial.clients if trial else 0))
    channels = int(scenario.get("channel_count", trial.channels if trial else 1))
    rate = float(scenario.get("rate_per_s", trial.rate_per_channel if trial else 0))
    if channels == 1:
        rooms = "all of one channel"
    elif channels == clients:
        rooms = "each of a channel of its own"
    else:
        each = trial.per_channel if trial else scenario.get("room_size")
        rooms = f"in {counted(channels, 'channel')} of {each}"
    found = [f"{counted(clients, 'subscriber')}, {rooms}."]
    size = scenario.get("payload_bytes")
    of = f" of {size:,} bytes" if size else ""
    where = "" if channels == 1 else " on each channel"
    found.append(
        f"{rate:g} messages{of} a second{where}, {_arrivals(scenario)}:"
        f" {exact(rate * clients)} deliveries a second are owed."
    )
    length = float(scenario.get("duration_s", 0))
    text = f"{counted(view.run.repetitions, 'trial')} of {exact_duration(length)} for each setting"
    if "warmup_s" in scenario:
        text += f", after {exact_duration(float(scenario['warmup_s']))} of warm-up"
    if "drain_s" in scenario:
        drain = exact_duration(float(scenario["drain_s"]))
        text += f" and with at most {drain} for what is still under way"
    fresh = all(view.summaries[cell].fresh for cell in view.rivals)
    servers = "Each trial has a fresh server; settings" if fresh else "Settings"
    found.append(f"{text}. {servers} alternate in random order.")
    if view.run.until:
        found.append(f"Wanted was {scenario.get('until')}: {view.run.until.get('said')}.")
    return found


def _arrivals(scenario: Mapping[str, Any]) -> str:
    arrivals = str(scenario.get("arrivals", "constant"))
    if arrivals == "poisson":
        return "at random times (Poisson arrivals)"
    if arrivals == "burst":
        return f"in bursts of {scenario.get('burst_size', '?')}"
    if arrivals == "trace":
        return "at the times of a recorded trace"
    return "evenly spaced" if arrivals == "constant" else f"{arrivals} arrivals"


def settings(view: RunView) -> list[tuple[str, str, str]]:
    """Each transport setting: its name, its colour, and its options in words."""
    found = []
    for cell in view.rivals:
        options = view.summaries[cell].options or _planned(view, cell)
        words = [f"{_key(key)}: {_value(key, value)}" for key, value in options.items()]
        found.append(
            (
                view.cell_styles[cell].name,
                view.cell_styles[cell].colour,
                ", ".join(words) or "no options",
            )
        )
    return found


def _planned(view: RunView, cell: str) -> Mapping[str, Any]:
    for table in view.run.scenario.get("transports", []):
        if table.get("label") == cell:
            return dict(table.get("options", {}))
    return {}


_UNITS = (("_per_s", " per s"), ("_s", " s"), ("_ms", " ms"), ("_bytes", " bytes"))


def _key(key: str) -> str:
    for ending, _ in _UNITS:
        key = key.removesuffix(ending)
    return key.replace("_", " ")


def _value(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int):
        unit = next((unit for ending, unit in _UNITS if key.endswith(ending)), "")
        return f"{value:,.6g}{unit}"
    if isinstance(value, Mapping):
        return "; ".join(f"{_key(k)} {_value(k, v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_value(key, one) for one in value)
    return "none" if value is None else str(value)


def conditions(view: RunView) -> list[str]:
    """What holds for this run as a whole and limits what it can say."""
    run, found, floor_s = view.run, [], view.analysis.floor_s
    good = [t for trials in view.analysis.good.values() for t in trials]
    embedded = [
        view.cell_styles[cell].name
        for cell in view.rivals
        if (view.summaries[cell].broker or "").startswith("embedded")
    ]
    if embedded:
        found.append(
            f"{', '.join(embedded)}: the broker is pushlab's embedded one; other brokers have"
            " other figures. Run again with --broker mosquitto before judging MQTT by these."
        )
    link = {key: value for key, value in (run.scenario.get("link") or {}).items() if value}
    if link:
        found.append(
            f"A network was emulated between each subscriber and the server: {_value('', link)}."
        )
    elif hosts_of(run.environment) > 1:
        found.append(
            f"Server, publisher and swarm ran on {hosts_of(run.environment)} machines of a cluster,"
            " over its network."
        )
    else:
        found.append(
            "Clients and server shared one machine, over loopback: a network's delay comes on top,"
            " and it hurts most where a message takes several transits."
        )
    if run.scenario.get("tls"):
        found.append("Connections were encrypted (TLS), with a certificate made for the test.")
    else:
        found.append(
            "Connections were not encrypted: TLS handshakes and their CPU are not in here."
        )
    each = min((len(trials) for trials in view.analysis.good.values() if trials), default=0)
    if 1 <= each < MIN_TRIALS:
        trials = "A single trial" if each == 1 else f"{each} trials"
        verb = "knows" if each == 1 else "know"
        found.append(f"{trials} of each setting {verb} too little of spread for intervals.")
    elif MIN_TRIALS <= each < 5:
        found.append(
            f"{each} trials of each setting make coarse intervals; five or more are better."
        )
    if good and floor_s is None:
        found.append("The harness's own floor was not measured in this run.")
    elif floor_s is not None:
        found.append(
            f"Measuring itself takes {duration(floor_s)}: the null transport, in one process."
        )
    return found


def environment(view: RunView) -> list[tuple[str, str]]:
    """The machine and the software, as names and values."""
    found = []
    workers = worker_words(view.run.environment)
    found += [("who ran where", words) for words in view.run.placed]
    found += list(workers.items())
    for key, value in view.run.environment.items():
        if workers and key == "workers":
            continue
        if value in (None, "", [], {}):
            continue
        if key.endswith("_bytes") and isinstance(value, int):
            found.append((_key(key), memory(value)))
        elif key == "load":
            found.append(("load before the run", ", ".join(f"{one:.2f}" for one in value)))
        else:
            found.append((_key(key), _value(key, value)))
    return found
