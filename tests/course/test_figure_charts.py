"""Charts of a measurement: no text touches another, titles and labels agree."""

import re

import pytest

from pushlab.course.guesses import predict
from pushlab.course.measured import Watched
from tests.course.drawn import FIVE, check_layout, figures, measured, row


@pytest.mark.parametrize(
    "figure", ["waiting_s", "worst_s", "requests_per_s", "bytes_per_message", "cpu_ms_per_message"]
)
def test_no_text_touches_another_and_every_title_s_number_is_a_label(figure):
    guess = predict("?", 0, unit="s", gentle=1)
    picture = measured().chart(figure, {"sse": guess})
    texts = check_layout(picture)
    labels = " ".join(words for words in texts if words.startswith("measured: "))
    for number in re.findall(r"[\d.,]*\d", picture.title):
        assert number in labels, f"{picture.title} / {labels}"


def test_five_that_differ_are_compared_as_they_are():
    told = str(measured().compare("waiting_s", "long-polling", "sse", "websocket", "mqtt"))
    assert "stand apart" in told
    assert "74 ms" in told
    assert "no difference" not in told


def test_what_the_formula_of_push_says_is_explained():
    assert "For push the formula says 0 here" in " ".join(
        check_layout(measured().chart("waiting_s"))
    )
    floors = [row(*each, formulas={"waiting_s": 0.0008}) for each in FIVE[2:]]
    shown = " ".join(check_layout(measured(floors).chart("waiting_s")))
    assert "the formula is the floor" in shown


def test_one_trial_says_that_it_has_no_interval():
    shown = check_layout(measured([row(*FIVE[0], spread=0)], trials=1).chart("waiting_s"))
    assert any("one trial tells no interval" in words for words in shown)


def test_a_share_that_nobody_can_have_is_said():
    rows = [row(*FIVE[0], figures=figures("Short polling", wasted=0.61)), row(*FIVE[2])]
    assert "nobody asks" in check_layout(measured(rows).chart("wasted"))


def test_a_timeline_names_its_client_and_its_title_is_what_its_labels_say():
    seen = Watched(7, 20, ((0.2, 0.2045), (1.3, 1.321), (2.0, 2.003)), (), 4.0)
    picture = measured([row(*FIVE[3], watched=seen)]).timeline("websocket")
    texts = check_layout(picture)
    assert any(words.startswith("Client 7 of 100, the one in the middle") for words in texts)
    assert picture.title == "WebSocket: nobody asks; 3 messages, the slowest after 21.0 ms"
    assert {"4.50 ms", "21.0 ms", "3.00 ms"} <= texts.keys()


def test_a_timeline_of_polls_counts_them():
    asks = tuple((0.1 + i, 0.101 + i, i in (0, 2)) for i in range(4))
    poll = row(*FIVE[0], watched=Watched(3, 1, ((0.2, 1.1), (1.3, 2.1)), asks, 4.0))
    picture = measured([poll]).timeline()
    assert picture.title == "Short polling: 4 questions for 2 messages"
    assert "the client asks" in check_layout(picture)


def test_staleness_has_a_tooth_for_each_wait():
    teeth = tuple((0.5 + i, 1.0 + i) for i in range(5))
    rows = [row(*FIVE[0], watched=Watched(3, 20, teeth, (), 6.0)), row(*FIVE[2])]
    picture = measured(rows).staleness()
    check_layout(picture)
    assert "up to 500 ms behind with short polling" in picture.title
