"""What a scenario file may say, told of its one declaration: as JSON Schema, and as a page.

The schema is what editors check and complete a file by whose first line names it
(``#:schema scenario.schema.json``); it lies beside the standard scenarios. The page is
docs/scenarios.md. Tests hold both to what these functions make.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Union

from pushlab.contract.registry import load_transport, transport_names
from pushlab.contract.setting import Key, Setting, keys_of
from pushlab.lab.scenario.cells import CLIENT
from pushlab.lab.scenario.model import scenario_keys

__all__ = ["keys_as_markdown", "scenario_schema"]

_LABEL = Key("label", str, Setting("names it in tables and charts"), "")


def scenario_schema(transports: Sequence[str] | None = None) -> dict[str, Any]:
    """The JSON Schema of a scenario file.

    Args:
        transports: those that it knows; all that are installed, if None.
    """
    import msgspec

    named = transport_names() if transports is None else transports
    tables = [
        msgspec.defstruct(
            name.title().replace("-", ""),
            [_field(key) for key in (_LABEL, CLIENT, *_options(name))],
            tag_field="name",
            tag=name,
            forbid_unknown_fields=True,
            kw_only=True,
        )
        for name in named
    ]
    above: dict[str, list[Any]] = {"": []}
    for key in scenario_keys().values():
        above.setdefault(key.name.rpartition(".")[0], []).append(_field(key))
    fields = [
        *above.pop(""),
        *((name, _table(name.title(), inner), msgspec.UNSET) for name, inner in above.items()),
        ("transport", Annotated[list[_either(*tables)], msgspec.Meta(min_length=1)]),  # type: ignore[misc]
    ]
    schema = msgspec.json.schema(_table("Scenario", fields))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def keys_as_markdown(transports: Sequence[str] | None = None) -> str:
    """The page of all keys; `transports` as for `scenario_schema`."""
    tables: dict[str, list[Key]] = {}
    for key in scenario_keys().values():
        tables.setdefault(key.name.rpartition(".")[0], []).append(key)
    parts = [_INTRODUCTION]
    for name, inner in tables.items():
        parts += [*([f"## `[{name}]`", ""] if name else []), *_rows(inner), ""]
    parts += ["## `[[transport]]`", "", _TRANSPORTS, *_rows([_LABEL, CLIENT], flags=False)]
    for name in transport_names() if transports is None else transports:
        if options := _options(name):
            parts += ["", f'### `name = "{name}"`', "", *_rows(options, flags=False)]
    return "\n".join(parts) + "\n"


_INTRODUCTION = """# What a scenario may say

A scenario is a TOML file: `pushlab compare my.toml`. This page is made by `pushlab scenarios
--keys` from the declarations that the checks, the flags and the schema are made of. Begin a file
with `#:schema ` and the path of what `pushlab scenarios --schema` prints, and an editor checks and
completes it as you type.

Wherever a number stands, a list of numbers may stand too, in the file as on the command line
(`--clients 50,100,200`): every combination is a point of a sweep.
"""

_TRANSPORTS = """One for each transport that does the work; a transport may come several times
with other options. `name` names it (`pushlab transports` lists them). Plug-ins have the options
that they declare.
"""


def _table(name: str, fields: Iterable[Any]) -> Any:
    import msgspec

    return msgspec.defstruct(name, fields, forbid_unknown_fields=True, kw_only=True)


def _field(key: Key) -> tuple[str, Any, Any]:
    """A field of the file's struct: a number, or a list of numbers."""
    import msgspec

    setting = key.setting
    about = f"{setting.help} ({setting.unit})" if setting.unit else setting.help
    given: dict[str, Any] = {
        "ge": setting.least,
        "gt": setting.above,
        "le": setting.most,
        "pattern": setting.pattern,
        "description": about,
    }
    limits = {name: limit for name, limit in given.items() if limit is not None}
    one: Any = Annotated[key.kind, msgspec.Meta(**limits)]
    if key.is_number:
        one = _either(one, Annotated[list[one], msgspec.Meta(min_length=1)])
    default = msgspec.UNSET if key.default is dataclasses.MISSING else key.default
    return key.own, one, default


def _either(*types: Any) -> Any:
    return Union[types]  # noqa: UP007


def _options(transport: str) -> Iterable[Key]:
    return keys_of(load_transport(transport).Options, all_fields=True).values()


def _rows(keys: Iterable[Key], *, flags: bool = True) -> list[str]:
    heads = ["key", "holds", "default", *(["flag"] if flags else []), "meaning"]
    return [_line(heads), _line(["---"] * len(heads)), *(_line(_row(key, flags)) for key in keys)]


def _row(key: Key, flags: bool) -> list[str]:
    setting, given = key.setting, key.default
    if given in (dataclasses.MISSING, ""):
        default = ""
    else:
        words = str(given).lower() if isinstance(given, bool) else given
        default = f"`{words:g}`" if isinstance(words, float) else f"`{words}`"
    flag = [f"`{key.flag}`" if setting.flag else ""] if flags else []
    holds = f"{key.wanted}, {setting.unit}" if setting.unit else key.wanted
    return [f"`{key.own}`", holds, default, *flag, setting.help]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
