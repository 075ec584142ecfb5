from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.spec import SystemSpec


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
