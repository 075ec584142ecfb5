"""The cells of a scenario: each transport that does the work, at each system, with its settings."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pushlab.contract.registry import make_transport
from pushlab.contract.setting import Key, Setting
from pushlab.contract.transport import Transport
from pushlab.errors import ScenarioError
from pushlab.systems.registry import HUB, find_system
from pushlab.systems.spec import SystemSpec

if TYPE_CHECKING:
    from pushlab.systems.system import System

__all__ = [
    "CLIENT",
    "Cell",
    "Client",
    "make_cells",
    "on_system_words",
    "remake_cells",
    "with_client",
    "with_interval",
]

#: Who the subscribers are: the swarm's own client halves, or channel.js in Chromium.
Client = Literal["python", "browser"]
_WHO = Setting("who subscribes: the swarm, or channel.js in Chromium")
CLIENT = Key("client", Client, _WHO, "python")

_IN_BROWSER = " in Chromium"


@dataclass(frozen=True, slots=True)
class Cell:
    """One transport of one system with one setting.

    Attributes:
        label: names it in tables and charts, unique within a scenario; empty: to be made up.
        transport: the transport's name.
        options: its settings; `make_cells` fills in the defaults.
        own_label: whether the scenario gave the label.
        client: what its subscribers are.
        system: the name of the server under test.
        own: what that is, where the scenario itself describes it.
    """

    label: str
    transport: str
    options: Mapping[str, Any] = field(default_factory=dict)
    own_label: bool = False
    client: Client = "python"
    system: str = HUB
    own: SystemSpec | None = None

    @property
    def served_by(self) -> "System":
        """The server under test. Raises UsageError, MissingExtra: see `find_system`."""
        if self.own is None:
            return find_system(self.system)
        from pushlab.systems.declared import DeclaredSystem  # it starts processes: Unix alone

        return DeclaredSystem.of(self.own)

    def make(self) -> Transport:
        """The transport itself, as its system speaks it."""
        if self.system == HUB:
            return make_transport(self.transport, self.options)
        return self.served_by.transport(self.transport, self.options)

    @property
    def interval_s(self) -> float:
        """How long this transport may let a message wait by its own design; 0 for the most."""
        return float(self.options.get("interval_s", 0.0))


def make_cells(asked: Sequence[Cell], poll_interval_s: float) -> tuple[Cell, ...]:
    """Build cells, with labels that differ.

    A transport that appears once is labelled with its name; one that appears several times, with
    its name and what tells its settings apart, such as ``short-polling 5 s``; in a browser, as
    ``sse in Chromium``; of another system than the hub, as ``sse on nchan``.

    Raises:
        UnknownTransport, MissingExtra, UsageError: see `make_transport`.
        ScenarioError: two cells have the same label.
    """
    made: list[Cell] = []
    for request in asked:
        settings = dataclasses.asdict(request.make().options)
        if "interval_s" in settings and "interval_s" not in request.options:
            settings["interval_s"] = poll_interval_s
            dataclasses.replace(request, options=settings).make()
        made.append(dataclasses.replace(request, options=settings))
    labels = [one.label or _label(one, made) for one in made]
    for i, label in enumerate(labels):
        if label in labels[:i]:
            raise ScenarioError(f"two transports have the label {label!r}; give one another label")
    return tuple(
        dataclasses.replace(one, label=label, own_label=bool(one.label))
        for label, one in zip(labels, made, strict=True)
    )


def _label(request: Cell, made: Sequence[Cell]) -> str:
    """The name, and the settings in which this cell differs from others of that name."""
    others = [
        other.options
        for other in made
        if (other.transport, other.client, other.system)
        == (request.transport, request.client, request.system)
    ]
    settings = request.options
    differing = [
        key for key in settings if any(other.get(key) != settings[key] for other in others)
    ]
    label = " ".join([request.transport, *(_in_words(key, settings[key]) for key in differing)])
    label += on_system_words(request.system)
    return label + _IN_BROWSER if request.client == "browser" else label


def on_system_words(system: str) -> str:
    """What a label says of a system: ``on nchan``; of the hub, nothing."""
    return "" if system == HUB else f" on {system}"


_UNITS = {"_s": "s", "_bytes": "bytes", "_per_s": "per s"}


def _in_words(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return key.replace("_", " ") if value else f"no {key.replace('_', ' ')}"
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    if key == "interval_s":
        return f"{shown} s"
    for ending, unit in _UNITS.items():
        if key.endswith(ending):
            return f"{key.removesuffix(ending).replace('_', ' ')} {shown} {unit}"
    return shown if isinstance(value, str) else f"{key.replace('_', ' ')} {shown}"


def remake_cells(cells: Iterable[Cell], poll_interval_s: float) -> tuple[Cell, ...]:
    """The cells with labels anew, those that have become the same once. Raises as `make_cells`."""
    asked = [one if one.own_label else dataclasses.replace(one, label="") for one in cells]
    return make_cells([one for i, one in enumerate(asked) if one not in asked[:i]], poll_interval_s)


def with_interval(cell: Cell, interval_s: float) -> Cell:
    """The cell with another poll interval, if it has one."""
    if "interval_s" not in cell.options:
        return cell
    return dataclasses.replace(cell, options={**cell.options, "interval_s": float(interval_s)})


def with_client(cells: Iterable[Cell], client: str) -> list[Cell]:
    """The cells with other subscribers; a label of the scenario's own tells the two apart."""
    if client not in ("python", "browser", "both"):
        raise ScenarioError(f"--client: {client!r} is not one of python, browser, both")
    found: list[Cell] = []
    for cell in cells:
        plain = cell.label.removesuffix(_IN_BROWSER)
        if client != "browser":
            found.append(dataclasses.replace(cell, label=plain, client="python"))
        if client != "python":
            found.append(dataclasses.replace(cell, label=plain + _IN_BROWSER, client="browser"))
    return found
