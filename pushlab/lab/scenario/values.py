"""Values checked against what their keys declare, and told of with file, line and key, or flag."""

from collections.abc import Callable, Mapping
from typing import Any

from pushlab.contract.setting import Key
from pushlab.errors import ScenarioError, UsageError

__all__ = ["check_values"]


def check_values(
    data: Mapping[str, Any], keys: Mapping[str, Key], where: Callable[[str], str]
) -> dict[str, Any]:
    """`data` with every value checked against its key.

    Args:
        where: key to the words that an error begins with.

    Raises:
        ScenarioError: a value has the wrong type or is out of range.
    """
    found = {}
    for name, value in data.items():
        try:
            found[name] = keys[name].take(value)
        except UsageError as error:
            raise ScenarioError(where(name) + str(error).removeprefix(keys[name].name)) from error
    return found
