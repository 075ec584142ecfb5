"""Swept keys in words: what a scenario calls ``poll_interval_s`` is a poll interval of 500 ms."""

from collections.abc import Sequence

from pushlab.quantities import exact, exact_duration

__all__ = ["key_words", "spans_decades", "value_words", "with_key"]

_NOUNS = {
    "rate_per_s": "messages/s per channel",
    "payload_bytes": "payload",
    "link.one_way_ms": "one-way delay",
    "link.kbit_per_s": "bandwidth",
    "hub_workers": "hub processes",
    "swarm_workers": "swarm processes",
}
#: Keys that count something: the number stands before the word.
_COUNTS = {"clients": "clients", "rate_per_s": "messages/s", "trials": "trials"}
_DECADE = 8.0


def key_words(key: str) -> str:
    """The key as a noun: ``clients``, ``poll interval``, ``short-polling: interval``."""
    if key in _NOUNS:
        return _NOUNS[key]
    table, _, name = key.rpartition(".")
    for ending in ("_bytes", "_ms", "_s"):
        name = name.removesuffix(ending)
    name = name.replace("_", " ")
    return f"{table}: {name}" if table and table != "link" else name


def value_words(key: str, value: float) -> str:
    """The value with its unit: ``500 ms``, ``1,000 B``, ``200``."""
    name = key.rpartition(".")[2]
    if name.endswith("_ms"):
        return exact_duration(value / 1e3)
    if name == "kbit_per_s":
        return f"{exact(value)} kbit/s"
    if name.endswith("_s") and not name.endswith("_per_s"):
        return exact_duration(value)
    if name.endswith("_bytes"):
        return f"{exact(value)} B"
    return exact(value)


def with_key(key: str, value: float) -> str:
    """Key and value as one: ``200 clients``, ``poll interval 500 ms``."""
    if key in _COUNTS:
        return f"{value_words(key, value)} {_COUNTS[key]}"
    return f"{key_words(key)} {value_words(key, value)}"


def spans_decades(values: Sequence[float], least: float = _DECADE) -> bool:
    """Whether values above zero spread so far that a logarithmic axis shows them better."""
    return bool(values) and min(values) > 0 and max(values) / min(values) >= least
