"""What each architecture carries, with which parts, and why it does not."""

import pytest

from pushlab.analysis.cost.architectures import (
    ARCHITECTURES,
    DEFAULT,
    KINDS_OF_ARCHITECTURE,
    PARTS,
    find_architectures,
)
from pushlab.contract.profile import Profile
from pushlab.contract.registry import STANDARD, profile_of
from pushlab.errors import UsageError

EVERY = pytest.mark.parametrize("one", ARCHITECTURES.values(), ids=ARCHITECTURES)


@EVERY
def test_of_each_transport_it_says_its_parts_or_why_not(one):
    told = 0
    for transport in STANDARD:
        profile = profile_of(transport)
        parts, cannot = one.parts(profile), one.cannot(profile)
        assert bool(parts) != bool(cannot)
        names = [part.name for part in parts]
        assert set(names) <= set(PARTS)
        assert len(names) == len(set(names)) or "gateway" in names
        told += bool(parts)
        if cannot:
            assert len(cannot) > 20, "a sentence, please"
            assert profile.kind in one.carries, f"{one.key} says nothing of {profile.kind}"
    assert told, "it carries nothing"
    assert one.kind in KINDS_OF_ARCHITECTURE


def test_the_default_carries_all_five():
    assert not any(DEFAULT.cannot(profile_of(transport)) for transport in STANDARD)
    assert DEFAULT.kind == "containers"


@EVERY
def test_what_nobody_knows_of_is_not_carried(one):
    pigeon = Profile(name="carrier-pigeon", protocol="air", delivery="stream")
    assert "air stream" in one.cannot(pigeon)


def test_they_are_found_by_key_and_by_kind():
    assert find_architectures("all") == find_architectures(None) == list(ARCHITECTURES.values())
    assert find_architectures(f" {DEFAULT.key}")[0] is DEFAULT
    assert DEFAULT in find_architectures("containers")
    assert {one.kind for one in find_architectures("containers")} == {"containers"}
    with pytest.raises(UsageError, match=r"unknown architecture 'aws'.*containers.*aws-containers"):
        find_architectures("aws")
