"""`pushlab scenarios`: the standard ones, and what a scenario may say: as a schema, as a table."""

from pushlab.commands.terminal import json_text
from pushlab.lab.scenario.schema import keys_as_markdown, scenario_schema
from pushlab.lab.scenario.toml_reader import builtin_scenarios, load_scenario

__all__ = ["scenarios"]


def scenarios(*, schema: bool = False, keys: bool = False) -> int:
    """Print the list, the JSON Schema, or the table of keys; the exit status, 0."""
    if schema:
        print(json_text(scenario_schema()))
    elif keys:
        print(keys_as_markdown(), end="")
    else:
        names = builtin_scenarios()
        for name in names:
            print(f"{name:<{max(map(len, names))}}  {load_scenario(name).title}")
    return 0
