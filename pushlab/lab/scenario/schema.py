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
from pushlab.lab.scenario.own_system import own_keys
from pushlab.quantities import listed
from pushlab.systems.clients.plain import PLAIN
from pushlab.systems.spec import Publish, Speech, SystemSpec

__all__ = ["keys_as_markdown", "scenario_schema"]

_SYSTEM = Key("system", str, Setting("the server, if not those of all (systems, [system])"), "")
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
            [_field(key) for key in (_LABEL, CLIENT, _SYSTEM, *_options(name))],
            tag_field="name",
            tag=name,
            forbid_unknown_fields=True,
            kw_only=True,
        )
        for name in dict.fromkeys([*named, *PLAIN])
    ]
    above: dict[str, list[Any]] = {"": []}
    for key in scenario_keys().values():
        above.setdefault(key.name.rpartition(".")[0], []).append(_field(key))
    fields = [
        *above.pop(""),
        *((name, _table(name.title(), inner), msgspec.UNSET) for name, inner in above.items()),
        ("systems", Annotated[list[str], msgspec.Meta(min_length=1)], msgspec.UNSET),
        ("system", _either(str, _own_system()), msgspec.UNSET),
        (
            "transport",
            Annotated[list[_either(*tables)], msgspec.Meta(min_length=1)],  # type: ignore[misc]
            msgspec.UNSET,
        ),
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
    parts += ["## `systems` and `[system]`", "", _SYSTEMS]
    own: tuple[tuple[str, str, type[Any]], ...] = (
        ("## `[system]`", "", SystemSpec),
        ("### `publish`", _PUBLISH, Publish),
        ("### `[system.sse]`, or of another transport", _SPEECH, Speech),
    )
    for title, about, kind in own:
        rows = _rows(own_keys(kind).values(), flags=False)
        parts += [*([title, "", about] if about else []), *rows]
        parts += [*([_HEADERS] if about else []), ""]
    parts += ["## `[[transport]]`", "", _TRANSPORTS, *_rows([_LABEL, CLIENT, _SYSTEM], flags=False)]
    for name in dict.fromkeys([*(transport_names() if transports is None else transports), *PLAIN]):
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


_SYSTEMS = """`systems = ["hub", "nchan"]` puts every transport on each of these servers that speaks
it (`pushlab systems` lists them); `system = "nchan"` names one. Where no transport is named, all
are measured that the servers other than the hub speak.

Your own server is described by a `[system]` table, and called after its file, or `mine`:

```toml
systems = ["hub", "mine"]                        # beside the hub; left out: yours alone

[system]
start = "uvicorn app:app --port {port}"          # run in the folder of this file
ready = "/healthz"

[system.publish]
path = "/rooms/{channel}"
body = '{"text": "{message}"}'
headers = { authorization = "Bearer {env.KEY}" }

[system.sse]
path = "/rooms/{channel}/events"

[system.short-polling]
path = "/rooms/{channel}?since={last_id}"
last_id = "$.last"
```

Or it is attached to: `url = "https://staging.example"` in place of `start`. A server on another
machine is loaded only by a command that says `--i-may-load staging.example`. Where its URL is
`https`, all connections are encrypted, the hub's too.

Texts may hold `{channel}`, `{client}` (the subscriber's name), `{last_id}` (where a reader is; what
has it, is left out while there is none) and `{env.NAME}`, a variable of the environment: secrets
stand there, and a run keeps the template alone. `start` may hold `{port}` and `{port2}` to
`{port4}` (free ones), `{python}` (the interpreter in use), `{folder}` (of this file) and
`{scratch}` (a folder that goes with the trial).

CPU and memory are those of what `start` has started, with all that descends from it. Of a server
that is attached to, `pid` names a process on this machine, or `metrics` an address in Prometheus's
text format, which is read twice a second (`process_cpu_seconds_total`,
`process_resident_memory_bytes`); the server's answers to that are then part of its CPU. Without
either, all that needs CPU or memory is blank.
"""

_PUBLISH = """How a message gets in. It is taken where the answer is 2xx; a payload has at least 16
bytes, which begin with the stamp that it is known by.
"""

_SPEECH = f"""How a message gets out, one table for each transport, which may be
{listed(list(PLAIN), "or")}.
"""

_HEADERS = "| `headers` | a table of texts |  | of each request, or of the handshake |"


def _own_system() -> Any:
    """The ``[system]`` table."""
    import msgspec

    headers: tuple[str, Any, Any] = ("headers", dict[str, str], {})
    publish, speech = (
        _table(name, [*(_field(key, swept=False) for key in own_keys(kind).values()), headers])
        for name, kind in (("Publish", Publish), ("Speech", Speech))
    )
    fields = [_field(key, swept=False) for key in own_keys(SystemSpec).values()]
    spoken = {name.replace("-", "_"): name for name in PLAIN}
    inner = [(name, speech, msgspec.UNSET) for name in spoken]
    return _table("System", [*fields, ("publish", publish), *inner], rename=spoken)


def _table(name: str, fields: Iterable[Any], **more: Any) -> Any:
    import msgspec

    return msgspec.defstruct(name, fields, forbid_unknown_fields=True, kw_only=True, **more)


def _field(key: Key, *, swept: bool = True) -> tuple[str, Any, Any]:
    """A field of the file's struct; where it is `swept`, a list of numbers may be a number."""
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
    if key.is_number and swept:
        one = _either(one, Annotated[list[one], msgspec.Meta(min_length=1)])
    default = msgspec.UNSET if key.default is dataclasses.MISSING else key.default
    return key.own, one, default


def _either(*types: Any) -> Any:
    return Union[types]  # noqa: UP007


def _options(transport: str) -> Iterable[Key]:
    """Of the hub's transport of that name, and of those of other servers."""
    found: dict[str, Key] = {}
    if transport in transport_names():
        found |= keys_of(load_transport(transport).Options, all_fields=True)
    if transport in PLAIN:
        found = {**keys_of(PLAIN[transport].Options, all_fields=True), **found}
    return found.values()


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
