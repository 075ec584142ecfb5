"""Grids: lists in a scenario, and the points, schedules and order that follow from them."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.errors import ScenarioError
from pushlab.lab.scenario.grid import MAX_POINTS, Grid, grid_again, load_grid, make_grid
from pushlab.lab.scenario.source import Source, parse_toml

POLL: dict[str, Any] = {"name": "short-polling"}
SSE: dict[str, Any] = {"name": "sse"}


def grid(flags: dict[str, Any] | None = None, *tables: dict[str, Any], **keys: Any) -> Grid:
    data = {**keys, "transport": list(tables or (POLL, SSE))}
    return make_grid(Source(data, "mine.toml", "mine"), flags or {})


def refusal(flags: dict[str, Any] | None = None, *tables: dict[str, Any], **keys: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        grid(flags, *tables, **keys)
    return str(caught.value)


def test_a_scenario_without_lists_is_one_point_without_axes() -> None:
    plain = load_grid("quick")
    assert (plain.axes, len(plain.points), plain.name) == ((), 1, "quick")
    assert grid(clients=[7]).axes == ()
    assert grid(clients=[7]).points[0].scenario.clients == 7


def test_every_combination_is_a_point() -> None:
    made = grid(clients=[2, 4], payload_bytes=[10, 20, 30])
    assert [(axis.key, axis.values) for axis in made.axes] == [
        ("clients", [2, 4]),
        ("payload_bytes", [10, 20, 30]),
    ]
    found = [(point.scenario.clients, point.scenario.payload_bytes) for point in made.points]
    assert found == list(itertools.product((2, 4), (10, 20, 30)))
    assert made.points[1].values == {"clients": 2, "payload_bytes": 20}
    assert made.points[1].label == "clients 2, payload_bytes 20"


def test_a_transports_option_may_be_a_list() -> None:
    made = grid({}, {**POLL, "interval_s": [0.5, 2]}, {**POLL, "interval_s": 9.0}, SSE)
    assert [axis.key for axis in made.axes] == ["short-polling.interval_s"]
    intervals = [[cell.interval_s for cell in point.scenario.cells] for point in made.points]
    assert intervals == [[0.5, 9.0, 0.0], [2.0, 9.0, 0.0]]


def test_flags_take_the_place_of_the_file() -> None:
    tables = {**POLL, "interval_s": [0.5, 2]}, SSE
    keys = {"clients": [2, 4], "rate_per_s": [1, 2]}
    made = grid({"clients": [3, 5, 7], "rate_per_s": 9.0, "poll_interval_s": 3.0}, *tables, **keys)
    assert [(axis.key, axis.values) for axis in made.axes] == [("clients", [3, 5, 7])]
    assert {point.scenario.rate_per_s for point in made.points} == {9.0}
    assert {point.scenario.cells[0].interval_s for point in made.points} == {3.0}


def test_the_links_keys_may_be_lists() -> None:
    made = grid({}, POLL, SSE, link={"one_way_ms": [10, 50], "jitter_ms": 5})
    assert [axis.key for axis in made.axes] == ["link.one_way_ms"]
    assert [point.scenario.link.one_way_ms for point in made.points] == [10, 50]
    made = grid({"one_way_ms": [20.0, 30.0, 40.0]}, POLL, SSE, link={"one_way_ms": [10, 50]})
    assert [(axis.key, axis.values) for axis in made.axes] == [("link.one_way_ms", [20, 30, 40])]
    assert [point.scenario.link.one_way_ms for point in made.points] == [20, 30, 40]
    assert "--one-way-ms: the list" in refusal({"one_way_ms": []})


def test_a_list_of_a_transport_that_is_left_out_makes_no_points() -> None:
    made = grid({"transports": ["sse"]}, {**POLL, "interval_s": [0.5, 2]}, SSE)
    assert (made.axes, len(made.points)) == ((), 1)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"clients": []}, ["mine.toml: clients", "empty"]),
        ({"clients": [1, "two"]}, ["mine.toml: clients", "'two'"]),
        ({"clients": [1, True]}, ["mine.toml: clients", "True"]),
        ({"clients": [1, 2, 1]}, ["mine.toml: clients", "1 stands twice"]),
        ({"clients": [1, 0]}, ["mine.toml: clients", "0", "from 1"]),
        ({"clients": [1, 2.5]}, ["mine.toml: clients", "whole number", "2.5"]),
        ({"cleints": [1, 2]}, ["mine.toml: cleints", "did you mean clients?"]),
        ({"channels": ["shared", "rooms"]}, ["mine.toml: channels", "'shared'"]),
        ({"seed": list(range(MAX_POINTS + 1))}, ["10,001 points"]),
        ({"seed": list(range(200_000))}, ["200,000 points"]),
    ],
)
def test_a_list_that_cannot_be_is_told_with_file_and_key(
    keys: dict[str, Any], words: list[str]
) -> None:
    message = refusal(**keys)
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_bad_flags_and_options_are_named() -> None:
    assert refusal({"clients": [1, 0]}).startswith("--clients: 0")
    assert "stands twice" in refusal({"rate_per_s": [1.0, 1.0]})
    told = refusal({}, {**POLL, "interval_s": [0.5, "slow"]})
    assert told.startswith("mine.toml: transport[0].interval_s")


def test_a_grid_can_be_made_again_from_what_is_written_down() -> None:
    made = grid({"rate_per_s": [1.0, 2.0], "trials": 2}, clients=[2, 4], seed=5)
    source = json.loads(json.dumps(made.source))
    assert grid_again(source) == made


def test_a_sweep_of_an_older_pushlab_is_made_again() -> None:
    source = {
        "file": "mine.toml",
        "default": "mine",
        "data": {"link.kbit_per_s": 64, "transport": [SSE]},
        "flags": {"one_way_ms": [5.0, 10.0], "transports": ["sse"], "client": None},
    }
    again = grid_again(source)
    assert [point.values for point in again.points] == [
        {"link.one_way_ms": 5.0},
        {"link.one_way_ms": 10.0},
    ]
    with pytest.raises(ScenarioError, match="lacks something"):
        grid_again({"file": "mine.toml"})


numbers = st.lists(st.integers(1, 50), min_size=1, max_size=3, unique=True)


@given(clients=numbers, sizes=numbers, trials=st.integers(1, 3), seed=st.integers(0, 99))
def test_the_order_has_every_trial_once_and_mixes_the_points(
    clients: list[int], sizes: list[int], trials: int, seed: int
) -> None:
    made = grid(clients=clients, room_size=sizes, channels="rooms", trials=trials, seed=seed)
    assert len(made.points) == len(clients) * len(sizes)
    order = made.order()
    assert order == made.order()  # from the seed alone
    cells = list(itertools.product(range(len(made.points)), range(2)))
    for index in range(trials):
        turn = order[index * len(cells) : (index + 1) * len(cells)]
        assert sorted((trial.point, trial.cell) for trial in turn) == cells
        assert {trial.index for trial in turn} == {index}
    for number in range(len(made.points)):
        mine = [trial.order for trial in order if trial.point == number]
        assert mine == list(range(len(mine)))


def test_points_are_not_measured_one_after_the_other() -> None:
    points = [trial.point for trial in grid(clients=list(range(1, 11)), trials=2).order()]
    assert points[:20] != sorted(points[:20])
    assert points[:20] != points[20:]
    assert len(grid(clients=[1, 2]).order(floor=True)) == 6


def test_a_file_with_a_list_cannot_go_on_until_something() -> None:
    text = 'until = "p99 ±10%"\nclients = [2, 4]\n[[transport]]\nname = "sse"\n'
    source = parse_toml(text, "s.toml")
    with pytest.raises(ScenarioError, match=r"s.toml:1: until: a sweep has as many repetitions"):
        make_grid(source, {})
    grid = make_grid(source, {"trials": 2})
    assert [point.scenario.until for point in grid.points] == ["", ""]
    assert not make_grid(source, {"clients": 2}).axes
