import asyncio
from typing import ClassVar

import pytest

from pushlab.errors import SetupError, UsageError
from pushlab.lab.preflight import check_ready, check_systems, held_by_one
from pushlab.lab.scenario import cells
from pushlab.lab.scenario.toml_reader import load_scenario, parse_scenario
from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.spec import Publish, Speech, SystemSpec

OWN = """\
duration_s = 1
[system]
url = "{url}"
publish = {{ path = "/" }}
[system.sse]
path = "/events?key={{env.KEY}}"
"""


class _Other(DeclaredSystem):
    spec = SystemSpec(
        name="other", start="other {port}", publish=Publish(), speaks={"sse": Speech()}
    )
    needs: ClassVar = {"no-such-program": "apt install other"}


class _There(_Other):
    needs: ClassVar = {}

    def version(self) -> str:
        return "other 1.2"


def test_a_program_that_is_missing_is_told_by_name_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tiny = load_scenario("tiny").override(transports=["sse"])
    monkeypatch.setattr(cells, "find_system", lambda name: _Other())
    told = "other cannot be measured here: no-such-program is not installed; apt install other"
    with pytest.raises(SetupError, match=told):
        check_systems([tiny], [])


def test_the_versions_of_the_servers_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = load_scenario("tiny").override(transports=["sse"])
    monkeypatch.setattr(cells, "find_system", lambda name: _There())
    ready = asyncio.run(check_ready([tiny]))
    assert ready.environment["systems"] == {"other": "other 1.2"}


def test_another_machine_is_refused_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = parse_scenario(OWN.format(url="http://staging.example"), "mine.toml")
    with pytest.raises(UsageError, match=r"add: --i-may-load staging\.example"):
        asyncio.run(check_ready([asked]))
    monkeypatch.delenv("KEY", raising=False)
    with pytest.raises(UsageError, match="the environment has no variable KEY"):
        asyncio.run(check_ready([asked], may_load=["staging.example"]))


def test_every_point_of_a_sweep_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "swordfish")
    here = parse_scenario(OWN.format(url="http://127.0.0.1:1"), "mine.toml")
    check_systems([here], [])
    there = parse_scenario(OWN.format(url="http://staging.example"), "mine.toml")
    with pytest.raises(UsageError, match=r"staging\.example"):
        check_systems([there, here], [])


def test_a_process_holds_its_share_of_the_clients_where_all_sides_are_shared_out() -> None:
    def held(transport: str, **changes: object) -> int:
        tiny = load_scenario("tiny").override(transports=[transport], clients=100_000)
        return held_by_one(tiny.with_values(changes))

    several = {"hub_workers": 5, "swarm_workers": 4, "backplane": "redis"}
    assert held("sse") == held("sse", swarm_workers=4) == 100_000
    assert held("sse", **several) == 31_250
    assert held("mqtt", **several) == 100_000  # the broker has them all
