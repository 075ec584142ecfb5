"""Who ran where, of a run whose trials were placed on a cluster, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["hosts_of", "placed_words", "worker_words"]


def placed_words(trials: Sequence[Any]) -> list[str]:
    """Who ran where, once where it was the same in all trials; empty: all on one machine.

    Args:
        trials: as ``run.json`` has them.
    """
    of_trials: dict[str, list[int]] = {}
    told = [one for one in trials if isinstance(one, Mapping)]
    for number, trial in enumerate(sorted(told, key=lambda one: one.get("order", 0)), 1):
        if places := trial.get("places"):
            roles = (f"{role} on {_listed(labels)}" for role, labels in places.items())
            of_trials.setdefault(", ".join(roles), []).append(number)
    if len(of_trials) < 2:
        return list(of_trials)
    return [
        f"{words} (trial{'s' if len(numbers) > 1 else ''} {_listed(list(map(str, numbers)))})"
        for words, numbers in of_trials.items()
    ]


def hosts_of(environment: Mapping[str, Any]) -> int:
    """On how many machines a run's workers were; 0: it was not placed."""
    workers: Mapping[str, Mapping[str, Any]] = environment.get("workers") or {}
    return len({about.get("host", label) for label, about in workers.items()})


def worker_words(environment: Mapping[str, Any]) -> dict[str, str]:
    """By the label of a worker, its machine in a few words."""
    workers: Mapping[str, Mapping[str, Any]] = environment.get("workers") or {}
    found = {}
    for label, about in workers.items():
        parts = [about.get("host"), about.get("processor")]
        parts.append(f"{about['cores']} cores" if about.get("cores") else None)
        parts += [about.get("kernel"), about.get("python")]
        found[label] = ", ".join(str(part) for part in parts if part)
    return found


def _listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last
