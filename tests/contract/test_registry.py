import os
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint

import pytest

from pushlab.contract import registry
from pushlab.contract.profile import Profile
from pushlab.contract.transport import Transport
from pushlab.errors import MissingExtra, UnknownTransport, UsageError


@dataclass(frozen=True, slots=True)
class Dials:
    interval_s: float = 1.0
    depth: int = 1
    clock: str = "fixed"
    eager: bool = False

    def __post_init__(self):
        if self.depth < 1:
            raise UsageError("toy: depth must be at least 1")


class Toy(Transport):
    name = "toy"
    profile = Profile(title="Toy")
    Options = Dials


class Plain(Transport):
    name = "plain"
    profile = Profile(title="Plain")


not_a_transport = object()


@pytest.fixture
def installed(monkeypatch):
    """Pretend that exactly these entry points are installed."""

    def pretend(**entries):
        found = [
            EntryPoint(name.replace("_", "-"), value, registry.GROUP)
            for name, value in entries.items()
        ]
        monkeypatch.setattr(registry, "entry_points", lambda group: found)
        monkeypatch.setitem(sys.modules, "toys", sys.modules[__name__])
        registry._entries_in.cache_clear()

    yield pretend
    registry._entries_in.cache_clear()


def test_the_standard_five_come_first_and_plug_ins_in_alphabetical_order(installed):
    installed(
        zulu="toys:Toy", mqtt="toys:Toy", alpha="toys:Toy", short_polling="toys:Toy", sse="toys:Toy"
    )
    assert registry.transport_names() == ["short-polling", "sse", "mqtt", "alpha", "zulu"]


def test_a_plug_in_is_found_by_its_name(installed):
    installed(toy="toys:Toy")
    assert registry.load_transport("toy") is Toy
    made = registry.make_transport("toy", {"depth": 3})
    assert isinstance(made, Toy)
    assert made.options == Dials(depth=3)
    assert registry.make_transport("toy").options == Dials()


def test_an_unknown_name_lists_the_known_ones_and_the_closest(installed):
    installed(sse="toys:Toy", websocket="toys:Toy")
    with pytest.raises(UnknownTransport) as caught:
        registry.load_transport("web-socket")
    assert "'web-socket'" in str(caught.value)
    assert "did you mean websocket?" in str(caught.value)
    assert "(known: sse, websocket)" in str(caught.value)


def test_the_five_are_installed_through_the_same_door():
    assert registry.transport_names()[:5] == list(registry.STANDARD)


def test_a_package_that_comes_meanwhile_is_seen(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    assert "toy" not in registry.transport_names()
    info = tmp_path / "toys-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toys\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\ntoy = toys:Toy\n")
    os.utime(tmp_path, ns=(0, 0))  # an older clock must do too
    assert "toy" in registry.transport_names()
    monkeypatch.undo()
    assert "toy" not in registry.transport_names()


def test_a_missing_package_says_what_to_install(installed):
    installed(toy="a_package_that_nobody_has:Toy")
    with pytest.raises(MissingExtra) as caught:
        registry.load_transport("toy")
    assert "'toy' needs the module 'a_package_that_nobody_has'" in str(caught.value)
    assert "pip install a_package_that_nobody_has" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("toys:NoSuchName", "cannot be loaded"),
        ("toys:not_a_transport", "is not a Transport class"),
        ("toys:Dials", "is not a Transport class"),
    ],
)
def test_a_broken_entry_point_says_which(installed, value, says):
    installed(toy=value)
    with pytest.raises(UsageError, match=says) as caught:
        registry.load_transport("toy")
    assert "'toy'" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"deep": 1}, "no option 'deep'; its options: clock, depth, eager, interval_s"),
        ({"depth": 1.5}, "depth: must be a whole number, not 1.5"),
        ({"depth": True}, "depth: must be a whole number, not true or false"),
        ({"interval_s": "1"}, "interval_s: must be a number, not text"),
        ({"interval_s": True}, "interval_s: must be a number, not true or false"),
        ({"eager": 1}, "eager: must be true or false, not a number"),
        ({"depth": 0}, "at least 1"),
    ],
)
def test_a_wrong_option_is_refused_by_name(settings, says):
    with pytest.raises(UsageError, match=says):
        Toy.with_options(settings)


def test_a_whole_number_will_do_where_a_fraction_may_stand():
    options = Toy.with_options({"interval_s": 2}).options
    assert options.interval_s == 2.0
    assert isinstance(options.interval_s, float)


def test_a_transport_without_options_says_so():
    assert Plain.with_options({}).options == Plain.Options()
    with pytest.raises(UsageError, match="its options: none"):
        Plain.with_options({"x": 1})


def test_a_transport_without_a_sans_io_half_is_told_apart():
    class SansIo(Plain):
        def subscriber(self, endpoint, token, *, cursor=None, rng):
            raise AssertionError

    assert SansIo.is_sans_io()
    assert not Plain.is_sans_io()
