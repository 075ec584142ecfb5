"""A grid: a scenario in which numbers are lists, as one scenario for each combination of them.

A list may stand wherever a scenario takes a number: ``clients = [50, 100, 200]``, ``interval_s =
[0.5, 5]`` in a ``[[transport]]`` table, ``--clients 50,100,200``. Every combination is a point. The
order of trials is drawn over the whole grid, so that no point is measured in one go.
"""

import copy
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pushlab.contract.setting import shown
from pushlab.errors import ScenarioError
from pushlab.hub.backplane.registry import OWN
from pushlab.lab.scenario.model import Scenario, flag_key, scenario_keys
from pushlab.lab.scenario.several_hubs import AUTO
from pushlab.lab.scenario.source import Source, read_source
from pushlab.lab.scenario.toml_reader import flatten, make_scenario
from pushlab.runs import SweepAxis

__all__ = [
    "MAX_POINTS",
    "Grid",
    "GridTrial",
    "Point",
    "grid_again",
    "load_grid",
    "make_grid",
]

#: More points than anybody waits for.
MAX_POINTS = 10_000

_SALT = 0x5EE9

#: Keywords of `Scenario.override` that are no key of a scenario.
_NO_KEYS = ("transports", "systems", "client")
#: Keys of a file that are no number.
_NO_NUMBERS = ("systems", "system")

#: Where a list stands: keys and indices into the file's data, or ("--", keyword) for a flag.
_Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One combination: the value of each swept key, and the scenario that it makes."""

    values: Mapping[str, float]
    scenario: Scenario

    @property
    def label(self) -> str:
        """The point in words: ``clients 50, poll_interval_s 0.5``."""
        return ", ".join(f"{key} {value:g}" for key, value in self.values.items())


@dataclass(frozen=True, slots=True)
class GridTrial:
    """One trial of a grid: repetition `index` of cell number `cell` of point number `point`.

    Attributes:
        order: its place among the trials of its own point.
    """

    point: int
    cell: int
    index: int
    order: int


@dataclass(frozen=True, slots=True)
class Grid:
    """All points of a scenario; a scenario without lists is a grid of one point and no axis.

    Attributes:
        points: the last axis varies fastest.
        source: what makes the same grid again through `grid_again`: ``data``, ``file``,
            ``default`` and ``flags``, in plain JSON values; and the ``folder`` of a file that
            describes a system, which is started there.
    """

    axes: tuple[SweepAxis, ...]
    points: tuple[Point, ...]
    source: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.points[0].scenario.name

    def order(self, *, floor: bool = False) -> list[GridTrial]:
        """All trials in the order of execution: each repetition of all cells of all points anew.

        Args:
            floor: each point has one cell more, the harness's own floor.
        """
        scenarios = [point.scenario for point in self.points]
        rng = np.random.default_rng([scenarios[0].seed, _SALT])
        done = [0] * len(scenarios)
        found: list[GridTrial] = []
        for index in range(max(scenario.trials for scenario in scenarios)):
            pairs = [
                (number, cell)
                for number, scenario in enumerate(scenarios)
                for cell in range(len(scenario.cells) + floor)
                if index < scenario.trials
            ]
            for pick in rng.permutation(len(pairs)):
                number, cell = pairs[pick]
                found.append(GridTrial(number, cell, index, done[number]))
                done[number] += 1
        return found


def load_grid(name_or_path: str | Path, flags: Mapping[str, Any] | None = None) -> Grid:
    """Read a scenario whose numbers may be lists; see `load_scenario` for `name_or_path`.

    Args:
        flags: keyword arguments for `Scenario.override`; a sequence of numbers is an axis. A flag
            takes the place of what the file says of its key.

    Raises:
        ScenarioError: a point cannot be run; the text has file and key.
        UnknownTransport, MissingExtra: a transport is not installed.
    """
    return make_grid(read_source(name_or_path), flags or {})


def grid_again(source: Mapping[str, Any]) -> Grid:
    """The grid of a `Grid.source` that a sweep's folder keeps. Raises as `load_grid`."""
    try:
        folder = source.get("folder", "")
        made_of = Source(source["data"], source["file"], source["default"], folder=folder)
        return make_grid(made_of, source["flags"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ScenarioError(f"the sweep's source lacks something: {error}") from error


def make_grid(source: Source, flags: Mapping[str, Any]) -> Grid:
    """Make the grid of a scenario file's data; see `load_grid`."""
    data = flatten(source.data)
    flags = {
        name if name in _NO_KEYS else flag_key(name): value
        for name, value in flags.items()
        if value is not None
    }
    places = dict(_lists(data, source, flags))
    if _goes_beyond_one_hub(places.values()) and data.get("backplane", AUTO) == AUTO:
        flags.setdefault("backplane", OWN)  # one hub and several are compared on the same
    count = math.prod(len(axis.values) for axis in places.values())
    if count > MAX_POINTS:
        raise ScenarioError(
            f"{source.file}: a grid of {count:,} points; at most {MAX_POINTS:,} are run"
        )
    combinations = list(itertools.product(*(axis.values for axis in places.values())))
    scenarios = [
        _scenario(source, data, flags, dict(zip(places, combination, strict=True)))
        for combination in combinations
    ]
    every = list(places.values())
    kept = [
        number
        for number, axis in enumerate(every)
        if len(axis.values) > 1 and _matters(number, combinations, scenarios)
    ]
    axes = [every[number] for number in kept]
    if axes:
        _check_until(source, data, flags)
    points: dict[tuple[float, ...], Point] = {}
    for combination, scenario in zip(combinations, scenarios, strict=True):
        chosen = tuple(combination[number] for number in kept)
        values = {axis.key: value for axis, value in zip(axes, chosen, strict=True)}
        if axes:  # every point is repeated `trials` times
            scenario = replace(scenario, until="")
        points.setdefault(chosen, Point(values, scenario))
    file = Path(source.file).name
    kept_source = {"file": file, "default": source.default, "data": data, "flags": flags}
    if isinstance(data.get("system"), Mapping):
        kept_source["folder"] = source.folder
    return Grid(tuple(axes), tuple(points.values()), json.loads(json.dumps(kept_source)))


def _goes_beyond_one_hub(axes: Iterable[SweepAxis]) -> bool:
    return any(axis.key == "hub_workers" and max(axis.values) > 1 for axis in axes)


def _check_until(source: Source, data: Mapping[str, Any], flags: Mapping[str, Any]) -> None:
    """Raises ScenarioError: a sweep is to go on `until` something.

    What a file says goes with its own numbers: lists of the command line are another experiment.
    """
    own = data.get("until") and not {"until", "trials"} & flags.keys()
    in_file = any(place[0] != "--" for place, _ in _lists(data, source, flags))
    if flags.get("until") or (own and in_file):
        where = "--until" if flags.get("until") else source.where("until")
        told = "a sweep has as many repetitions of each point as trials says"
        raise ScenarioError(f"{where}: {told}; leave it out, or name one number for each key")


def _lists(
    data: Mapping[str, Any], source: Source, flags: Mapping[str, Any]
) -> Iterator[tuple[_Place, SweepAxis]]:
    """Where lists stand, and the axes that they are."""
    for key, value in data.items():
        if key == "transport" and isinstance(value, list):
            yield from _lists_of_transports(value, source, flags)
        elif isinstance(value, list) and key not in (*flags, *_NO_NUMBERS):
            yield (key,), SweepAxis(key=key, values=_numbers(value, source.where(key)))
    for flag, value in flags.items():
        if flag not in _NO_KEYS and isinstance(value, Sequence) and not isinstance(value, str):
            yield (
                ("--", flag),
                SweepAxis(key=flag, values=_numbers(value, scenario_keys()[flag].flag)),
            )


def _lists_of_transports(
    tables: Sequence[Any], source: Source, flags: Mapping[str, Any]
) -> Iterator[tuple[_Place, SweepAxis]]:
    taken: set[str] = set()
    for i, table in enumerate(tables):
        if not isinstance(table, Mapping):
            continue
        for option, value in table.items():
            if not isinstance(value, list):
                continue
            place = f"transport[{i}].{option}"
            name = f"{table.get('label', table.get('name'))}.{option}"
            key = place if name in taken else name
            taken.add(name)
            values = _numbers(value, source.where(place))
            if option == "interval_s" and "poll_interval_s" in flags:  # which takes its place
                values = values[:1]
            yield ("transport", i, option), SweepAxis(key=key, values=values)


def _numbers(values: Sequence[Any], where: str) -> list[float]:
    """The numbers of a list. Raises ScenarioError."""
    if not values:
        raise ScenarioError(f"{where}: the list is empty; it must hold at least one number")
    seen: set[float] = set()
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            told = f"a list must hold numbers alone, and {shown(value)} is none"
            raise ScenarioError(f"{where}: {told}")
        if value in seen:
            raise ScenarioError(f"{where}: {shown(value)} stands twice in the list")
        seen.add(value)
    return list(values)


def _scenario(
    source: Source,
    data: Mapping[str, Any],
    flags: Mapping[str, Any],
    chosen: Mapping[_Place, float],
) -> Scenario:
    """The scenario of one point."""
    own = copy.deepcopy(dict(data))
    given = dict(flags)
    for place, value in chosen.items():
        if place[0] == "--":
            given[str(place[1])] = value
            continue
        target: Any = own
        for step in place[:-1]:
            target = target[step]
        target[place[-1]] = value
    for flag in given:  # it counts; what the file has may be a list
        if flag not in _NO_NUMBERS and isinstance(own.get(flag), list):
            del own[flag]
    return make_scenario(replace(source, data=own)).override(**given)


def _matters(
    number: int, combinations: Sequence[tuple[float, ...]], scenarios: Sequence[Scenario]
) -> bool:
    """Whether the scenario depends on axis `number`; its transport may have been left out."""
    seen: dict[tuple[float, ...], Scenario] = {}
    for combination, scenario in zip(combinations, scenarios, strict=True):
        others = combination[:number] + combination[number + 1 :]
        if seen.setdefault(others, scenario) != scenario:
            return True
    return False
