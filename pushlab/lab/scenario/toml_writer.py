"""A resolved scenario back to TOML, so that whoever has a run can run it again."""

from collections.abc import Mapping
from typing import Any

import tomli_w

from pushlab.errors import PushlabError
from pushlab.lab.scenario.cells import CellRequest, make_cells

__all__ = ["scenario_as_toml"]

#: What follows from the other keys, or has another form in a file.
_DERIVED = ("channel_count", "transports")


def scenario_as_toml(scenario: Mapping[str, Any]) -> str:
    """The scenario file for ``run.json["scenario"]``, every default filled in.

    `pushlab.lab.scenario.toml_reader.parse_scenario` makes the same scenario of it. A log-in that a
    broker's URL had is not in the run and so not in the file.
    """
    values = {key: value for key, value in scenario.items() if key not in _DERIVED}
    planned = list(scenario.get("transports", []))
    given = _given_labels(planned, float(scenario.get("poll_interval_s", 1.0)))
    tables = [
        {"name": cell["transport"]}
        | ({"label": cell["label"]} if cell["label"] in given else {})
        | ({"client": cell["client"]} if "client" in cell else {})
        | dict(cell.get("options", {}))
        for cell in planned
    ]
    parts = [tomli_w.dumps(_without_none(part)) for part in (values, *tables)]
    return "\n[[transport]]\n".join(parts)


def _given_labels(planned: list[Mapping[str, Any]], poll_interval_s: float) -> set[str]:
    """The labels that would not come by themselves."""
    requests = [
        CellRequest(
            cell["transport"], dict(cell.get("options", {})), client=cell.get("client", "python")
        )
        for cell in planned
    ]
    labels = [str(cell["label"]) for cell in planned]
    try:
        made = [cell.label for cell in make_cells(requests, poll_interval_s)]
    except PushlabError:  # a plug-in that is not installed here; or two that differ by label alone
        return set(labels)
    return set(labels) - set(made) if set(labels) <= set(made) else set(labels)


def _without_none(value: Any) -> Any:
    """`value` without what TOML cannot say: a key that holds nothing."""
    if isinstance(value, Mapping):
        return {key: _without_none(one) for key, one in value.items() if one is not None}
    return [_without_none(one) for one in value] if isinstance(value, list | tuple) else value
