"""The hub's figures as Prometheus text (exposition format 0.0.4).

Of several hubs that share a backplane all are told, whichever is asked: each sample names its hub,
and ``sum without (hub)`` is the whole. A scrape of a port that they share meets another one each
time, and would else see counters that run back.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from pushlab.hub.backplane.backplane import HubsFigures

__all__ = ["MEDIA_TYPE", "prometheus_text", "prometheus_text_of_all"]

MEDIA_TYPE = "text/plain; version=0.0.4"
_OUTCOMES = ("told", "refused", "failed", "superseded")


#: A metric: its name, kind, help text and samples, each with labels, or none, and a value.
_Family: TypeAlias = tuple[str, str, str, list[tuple[str, float]]]


def prometheus_text(figures: Mapping[str, Any]) -> str:
    """What `Api.figures` tells of one hub."""
    return _text(_families(figures))


def prometheus_text_of_all(told: HubsFigures) -> str:
    """What all hubs tell of themselves, each under its name."""
    families: list[_Family] = []
    for hub, figures in told.hubs.items():
        own = f'hub="{hub}"'
        for at, (name, kind, text, samples) in enumerate(_families(figures)):
            if at == len(families):
                families.append((name, kind, text, []))
            families[at][3].extend(
                (f"{own},{labels}" if labels else own, value) for labels, value in samples
            )
    up = [(f'hub="{hub}"', 1.0) for hub in told.hubs]
    up += [(f'hub="{hub}"', 0.0) for hub in told.silent]
    families.append(("pushlab_hub_up", "gauge", "Whether a hub answered in time.", up))
    text = "Client IDs present at all hubs, each once."
    families.append(("pushlab_present_at_all", "gauge", text, [("", told.present)]))
    return _text(families)


def _families(figures: Mapping[str, Any]) -> Iterator[_Family]:
    yield (
        "pushlab_hits_total",
        "counter",
        "Requests that the hub handled.",
        [
            (f'transport="{transport}",kind="{kind}"', count)
            for transport, kinds in sorted(figures["hits"].items())
            for kind, count in sorted(kinds.items())
        ],
    )
    posts, process = figures["presence_posts"], figures["process"]
    yield (
        "pushlab_presence_posts_total",
        "counter",
        "Presence notices by what became of them.",
        [(f'outcome="{outcome}"', posts.get(outcome, 0)) for outcome in _OUTCOMES],
    )
    yield (
        "pushlab_refusals_total",
        "counter",
        "What was refused or cut, by kind.",
        [(f'kind="{kind}"', count) for kind, count in figures["refusals"].items()],
    )
    for name, kind, text, value in (
        (
            "pushlab_presence_posts_waiting",
            "gauge",
            "Clients of whom something is to be told.",
            posts.get("waiting", 0),
        ),
        ("pushlab_messages_published_total", "counter", "Messages taken.", figures["published"]),
        ("pushlab_channels", "gauge", "Channels held.", figures["channels"]),
        ("pushlab_feeds", "gauge", "Open feeds.", figures["feeds"]),
        ("pushlab_present", "gauge", "Client IDs present.", figures["present"]),
        ("process_cpu_seconds_total", "counter", "CPU seconds used.", process["cpu_s"]),
        ("process_resident_memory_bytes", "gauge", "Resident memory.", process["rss_bytes"]),
        ("pushlab_connections", "gauge", "Open connections.", process["connections"]),
        (
            "pushlab_most_connections",
            "gauge",
            "Connections that are let in at once.",
            process["most_connections"],
        ),
        ("process_open_fds", "gauge", "Open descriptors.", process["open_descriptors"]),
    ):
        yield name, kind, text, [("", value)]


def _text(families: Iterable[_Family]) -> str:
    lines = list[str]()
    for name, kind, text, samples in families:
        lines += (f"# HELP {name} {text}", f"# TYPE {name} {kind}")
        for labels, value in samples:
            lines.append(f"{name}{{{labels}}} {value}" if labels else f"{name} {value}")
    return "".join(f"{line}\n" for line in lines)
