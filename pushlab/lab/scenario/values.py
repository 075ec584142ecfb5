"""Values checked against what their keys declare; msgspec does it, and the words are ours."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any

from pushlab.contract.setting import Key
from pushlab.errors import ScenarioError

__all__ = ["check_values", "typed"]


def check_values(
    data: Mapping[str, Any], keys: Mapping[str, Key], where: Callable[[str], str]
) -> dict[str, Any]:
    """`data` with every value checked against its key.

    Args:
        where: key to the words that an error begins with.

    Raises:
        ScenarioError: a value has the wrong type or is out of range.
    """
    import msgspec  # here, so that what only shows or serves a scenario does not load it

    found: dict[str, Any] = {}
    for name, value in data.items():
        try:
            found[name] = msgspec.convert(value, typed(keys[name]))
        except msgspec.ValidationError as error:
            raise ScenarioError(f"{where(name)}: {keys[name].refusal(value)}") from error
    return found


@cache
def typed(key: Key) -> Any:
    """The key's type with its range, as msgspec takes it."""
    import msgspec

    setting = key.setting
    limits = {
        "ge": setting.least,
        "gt": setting.above,
        "le": setting.most,
        "pattern": setting.pattern,
    }
    about = f"{setting.help} ({setting.unit})" if setting.unit else setting.help
    given: dict[str, Any] = {name: limit for name, limit in limits.items() if limit is not None}
    return Annotated[key.kind, msgspec.Meta(description=about, **given)]
