"""Names that nobody sees, and names that look the same."""

import pytest

from pushlab.errors import Refused
from pushlab.web.texts import key_of, label


@pytest.mark.parametrize(
    "name",
    [
        "\u200b",
        "\u3164",
        "\u2800 \u2800",
        "\u00ad",
        "\U000e0041",
        "\ufe0f",
        "\u202eAda",
        "a\u2028b",
    ],
)
def test_a_name_must_be_seen(name):
    with pytest.raises(Refused):
        label({"name": name}, "name", most=30)


@pytest.mark.parametrize("name", ["Ada", "Лев", "ليلى", "👩\u200d👩\u200d👧", "e\u0301", "A  B"])
def test_a_name_of_any_script_is_taken_as_it_is(name):
    assert label({"name": f" {name} "}, "name", most=30) == name


@pytest.mark.parametrize(
    "name", ["ADA", "Ａｄａ", "Ad\u200ba", "A\u00adda", "Ada\ufe0f", "\u200eAda"]
)
def test_names_that_look_the_same_are_the_same(name):
    assert key_of(name) == key_of("Ada")
    assert key_of("A\u00a0 B") == key_of("A B")
    assert key_of("Ada") != key_of("Áda")
