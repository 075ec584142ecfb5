import pytest

from pushlab.errors import SetupError
from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.spec import SystemSpec
from pushlab.systems.system import Wanted


class OfPackages(DeclaredSystem):
    spec = SystemSpec(name="made-up")
    packages = ("uvicorn", "no-such-distribution", "nor-such-a-one")


def test_packages_that_are_not_there_are_told_with_how_to_get_them():
    lacking = "no-such-distribution, nor-such-a-one are not installed"
    assert (
        OfPackages().missing() == f"{lacking}; try: pip install no-such-distribution nor-such-a-one"
    )


def test_its_version_is_that_of_the_packages_that_are_there():
    (told,) = OfPackages().version().split(", ")
    assert told.startswith("uvicorn ")


async def test_a_server_that_is_not_told_where_to_listen_stays_on_its_machine():
    spec = SystemSpec(name="made-up", start="sleep 60")
    wanted = Wanted(transport="sse", host="192.0.2.7")
    with pytest.raises(SetupError, match=r"cannot be placed on another machine: .* no \{host\}"):
        await DeclaredSystem.of(spec).start(wanted)
