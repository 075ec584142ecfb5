import pytest

from pushlab.errors import ScenarioError
from pushlab.lab.scenario.grid import load_grid
from pushlab.lab.scenario.several_hubs import hub_backplane
from pushlab.lab.scenario.toml_reader import load_scenario


def test_one_hub_has_its_channels_to_itself_and_several_get_a_redis():
    assert hub_backplane("auto", 1) == "memory"
    assert hub_backplane("auto", 4) == "redis"
    assert hub_backplane("redis://host", 1) == "redis://host"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            {"hub_workers": 2, "backplane": "memory"},
            "--hub-workers: 2 hubs need a backplane that they share, and memory is none",
        ),
        ({"hub_workers": 0}, "--hub-workers: 0 is out of range"),
        ({"backplane": "redsi://host"}, "--backplane: unknown backplane 'redsi'"),
        ({"backplane": "rdis"}, "--backplane: "),
        ({"backplane": "redis://:secret@host"}, "PUSHLAB_BACKPLANE_PASSWORD"),
    ],
)
def test_what_cannot_be_names_its_flag_in_one_line(asked, told):
    with pytest.raises(ScenarioError) as caught:
        load_scenario("tiny").override(**asked)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def backplanes(grid):
    return [hub_backplane(p.scenario.backplane, p.scenario.hub_workers) for p in grid.points]


def test_a_sweep_compares_one_hub_and_several_on_the_same_backplane():
    grid = load_grid("tiny", {"hub_workers": [1, 2, 4]})
    assert [point.scenario.hub_workers for point in grid.points] == [1, 2, 4]
    assert backplanes(grid) == ["redis", "redis", "redis"]
    assert backplanes(load_grid("tiny", {"hub_workers": [1]})) == ["memory"]
    asked = {"hub_workers": [1, 2], "backplane": "redis://host:1"}
    assert backplanes(load_grid("tiny", asked)) == ["redis://host:1"] * 2


def test_such_a_sweep_is_made_again_alike():
    from pushlab.lab.scenario.grid import grid_again

    grid = load_grid("tiny", {"hub_workers": [1, 2]})
    assert grid_again(grid.source) == grid
