"""Sentences and the figures on which they rest."""

import pytest

from pushlab.analysis.advice.sentence import Figure, said, sentence
from pushlab.quantities import exact_duration, usd

COST = Figure(low=120, high=260, unit="USD a month", basis="list price", show=usd)


def test_text_and_figures_are_the_same_values():
    told = sentence("{who} costs {cost} where polls come every {span}.", who="SSE", cost=COST,
                    span=said(5, "s", exact_duration))  # fmt: skip
    assert told.text == "SSE costs USD 120 to USD 260 where polls come every 5 s."
    assert told.bases == ["list price"]
    found = told.to_json()
    assert found["text"] == told.text
    assert found["figures"]["cost"]["low"] == 120
    assert all(figure["text"] in told.text for figure in found["figures"].values())


def test_a_sentence_begins_with_a_capital():
    assert sentence("{who} costs {cost}.", who="polling", cost=COST).text.startswith("Polling")


@pytest.mark.parametrize(
    ("pattern", "parts", "why"),
    [
        ("Push is better.", {}, "no figure"),
        ("{who} is better.", {"who": "Push"}, "no figure"),
        ("It costs {usd}.", {"cost": COST}, "differ"),
        ("It costs much.", {"cost": COST}, "differ"),
        ("It costs {cost}, half of 400.", {"cost": COST}, "a digit"),
    ],
)
def test_what_rests_on_nothing_cannot_be_said(pattern, parts, why):
    with pytest.raises(ValueError, match=why):
        sentence(pattern, **parts)
