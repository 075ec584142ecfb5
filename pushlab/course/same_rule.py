"""Whether two polling transports of a race wait by the same rule, tried and not guessed.

What sets such two apart is chance, whatever was measured: no rule wins that nobody has touched. All
who ask by the clock have the same rule here, at whatever interval: none is better at equal cost.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pushlab.course.polling_kit import PollingTransport

__all__ = ["CLOCK", "same_rules", "waits_of"]

#: The transport that asks by the clock.
CLOCK = "short-polling"
#: What a rule is tried with: the usual wait, the last wait in parts of it, and how much was found.
_TRIED = tuple(
    (usual * part, found, usual)
    for usual in (0.1, 1.0, 3.0)
    for part in (0.1, 0.5, 1.0, 2.0, 10.0)
    for found in (0, 1, 3, 20)
)


def same_rules(kinds: Mapping[str, Any]) -> dict[str, str]:
    """Of each label whose rule another one before it has as well, that other's label.

    Args:
        kinds: by their labels, classes, or names of transports.
    """
    first: dict[tuple[float, ...], str] = {}
    found = {}
    for label in sorted(kinds, key=lambda label: kinds[label] != CLOCK):
        waits = _clock() if kinds[label] == CLOCK else waits_of(kinds[label])
        if waits is not None:
            other = first.setdefault(waits, label)
            if other != label:
                found[label] = other
    return found


def waits_of(kind: Any) -> tuple[float, ...] | None:
    """What a class's rule says in all that is tried; None if it is no rule alone, or fails.

    A rule that remembers or draws lots may say something else the second time; it has no twin.
    """
    if not (isinstance(kind, type) and issubclass(kind, PollingTransport)):
        return None
    if kind.subscriber is not PollingTransport.subscriber:
        return None
    tries = (_all(kind), _all(kind))
    if tries[0] is None or tries[0] != tries[1]:
        return None
    parts = {round(wait / tried[2], 6) for wait, tried in zip(tries[0], _TRIED, strict=True)}
    return _clock() if len(parts) == 1 else tries[0]


def _all(kind: type[PollingTransport]) -> tuple[float, ...] | None:
    try:
        rule: Callable[..., Any] = kind().next_wait_s
        return tuple(round(float(rule(*tried)), 9) for tried in _TRIED)
    except Exception:  # whatever a student's line may raise: it is told where it is run
        return None


def _clock() -> tuple[float, ...]:
    return tuple(round(usual, 9) for _, _, usual in _TRIED)
