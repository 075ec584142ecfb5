"""A resolved scenario back to TOML, so that whoever has a run can run it again."""

from collections.abc import Mapping
from typing import Any

import tomli_w

from pushlab.errors import PushlabError
from pushlab.lab.scenario.cells import Cell, make_cells
from pushlab.lab.scenario.own_system import read_own_system
from pushlab.systems.registry import HUB
from pushlab.systems.spec import SystemSpec

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
    table = scenario.get("system")
    own = read_own_system(table, str) if isinstance(table, Mapping) else None
    plain = _labels_itself(planned, float(scenario.get("poll_interval_s", 1.0)), own)
    several = own is not None or any("system" in cell for cell in planned)
    tables = [
        {"name": cell["transport"]}
        | ({"system": cell.get("system", HUB)} if several else {})
        | ({} if plain else {"label": cell["label"]})
        | ({"client": cell["client"]} if "client" in cell else {})
        | dict(cell.get("options", {}))
        for cell in planned
    ]
    parts = [
        tomli_w.dumps(_without_none(part), multiline_strings=True) for part in (values, *tables)
    ]
    return "\n[[transport]]\n".join(parts)


def _labels_itself(
    planned: list[Mapping[str, Any]], poll_interval_s: float, own: SystemSpec | None
) -> bool:
    """Whether the cells would get their labels without being given them."""
    asked = [
        Cell(
            "",
            cell["transport"],
            cell.get("options", {}),
            client=cell.get("client", "python"),
            system=cell.get("system", HUB),
            own=own if own and own.name == cell.get("system") else None,
        )
        for cell in planned
    ]
    try:
        made = {cell.label for cell in make_cells(asked, poll_interval_s)}
    except PushlabError:  # a plug-in that is not installed here; or two that differ by label alone
        return False
    return made >= {cell["label"] for cell in planned}


def _without_none(value: Any) -> Any:
    """`value` without what TOML cannot say: a key that holds nothing."""
    if isinstance(value, Mapping):
        return {key: _without_none(one) for key, one in value.items() if one is not None}
    return [_without_none(one) for one in value] if isinstance(value, list | tuple) else value
