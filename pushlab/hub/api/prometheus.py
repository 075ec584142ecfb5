"""The hub's figures as Prometheus text (exposition format 0.0.4)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["MEDIA_TYPE", "prometheus_text"]

MEDIA_TYPE = "text/plain; version=0.0.4"
_OUTCOMES = ("told", "refused", "failed", "superseded")


def prometheus_text(figures: Mapping[str, Any]) -> str:
    """What `Api.figures` tells."""
    return "".join(f"{line}\n" for line in _lines(figures))


def _lines(figures: Mapping[str, Any]) -> Iterator[str]:
    yield from _family(
        "pushlab_hits_total",
        "counter",
        "Requests that the hub handled.",
        (
            (f'transport="{transport}",kind="{kind}"', count)
            for transport, kinds in sorted(figures["hits"].items())
            for kind, count in sorted(kinds.items())
        ),
    )
    posts, process = figures["presence_posts"], figures["process"]
    yield from _family(
        "pushlab_presence_posts_total",
        "counter",
        "Presence notices by what became of them.",
        ((f'outcome="{outcome}"', posts.get(outcome, 0)) for outcome in _OUTCOMES),
    )
    yield from _family(
        "pushlab_refusals_total",
        "counter",
        "What was refused or cut, by kind.",
        ((f'kind="{kind}"', count) for kind, count in figures["refusals"].items()),
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
        yield from _family(name, kind, text, [("", value)])


def _family(name: str, kind: str, text: str, samples: Iterable[tuple[str, float]]) -> Iterator[str]:
    """A metric's lines; a sample has labels, or none, and a value."""
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        yield f"{name}{{{labels}}} {value}" if labels else f"{name} {value}"
