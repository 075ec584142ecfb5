"""Exercises judge answers: right, wrong in a known way, wrong, or not attempted."""

import itertools

import pytest

from pushlab.analysis.cost.traffic import predicted_traffic
from pushlab.contract.registry import profile_of
from pushlab.course.builds.base import Build
from pushlab.course.exercises import Choice, Number, all_exercises, exercise
from pushlab.course.trouble import CourseError
from pushlab.course.units import unit_from

EXERCISES = all_exercises()
NUMBERS = [each for each in EXERCISES.values() if isinstance(each, Number)]
CHOICES = [each for each in EXERCISES.values() if isinstance(each, Choice)]
QUESTIONS = {each.id: each for each in EXERCISES.values() if not isinstance(each, Build)}


@pytest.mark.parametrize("each", QUESTIONS.values(), ids=QUESTIONS)
def test_an_untouched_exercise_says_so_and_the_right_answer_passes(each):
    for untouched in ((...,), (None,), (), ("...",), ("",)):
        assert each.check(*untouched).verdict == "not attempted"
    assert not each.check(...)
    right = each.check(each.answer)
    assert right.verdict == "right"
    assert right.text == each.why
    assert each.check(object()).verdict == "not an answer"
    assert each.shown_answer() in str(each.solution())
    assert each.clue.strip() != each.why.strip()


@pytest.mark.parametrize("each", NUMBERS, ids=[each.id for each in NUMBERS])
def test_likely_mistakes_are_told_apart(each):
    made = {mistake: mistake.makes(each.answer) for mistake in each.mistakes}
    assert len(made) >= 4
    for mistake, value in made.items():
        told = each.check(value)
        assert (told.verdict, told.mistake) == ("wrong", mistake.name)
        assert told.text == mistake.reply
    assert len({mistake.reply for mistake in made}) == len(made)
    for one, other in itertools.combinations([each.answer, *made.values()], 2):
        assert not each.near(one, other), f"{one} and {other} cannot be told apart"
    assert each.check(each.answer * 1.31).verdict == "wrong"
    assert each.check(each.answer * (1 + each.tolerance / 2)).verdict == "right"
    for no_number in (float("nan"), float("inf"), "nan", "inf"):
        assert each.check(no_number).verdict in ("not an answer", "unclear")
    assert "less than nothing" in each.check("-1").text


@pytest.mark.parametrize("each", NUMBERS, ids=[each.id for each in NUMBERS])
def test_feedback_speaks_of_what_was_asked(each):
    asked = unit_from(each.unit)
    assert asked is not None, "what the question asks for can be typed behind an answer"
    spans = {1.0: "second", 60.0: "minute", 3600.0: "hour", 86_400.0: "day"}
    for mistake in each.mistakes:
        for span_s, name in spans.items():
            if f"The question asks for one per {name}" in mistake.reply:
                assert asked.per_s == span_s, mistake.reply


@pytest.mark.parametrize("each", CHOICES, ids=[each.id for each in CHOICES])
def test_every_wrong_choice_has_a_reply_of_its_own(each):
    wrong = [key for key in each.options if key != each.answer]
    assert len(wrong) >= 2
    told = [each.check(key) for key in wrong]
    assert all(one.verdict == "wrong" for one in told)
    assert len({one.text for one in told}) == len(wrong)
    assert each.check(f" {each.answer.upper()} ").verdict == "right"


@pytest.mark.parametrize("each", CHOICES, ids=[each.id for each in CHOICES])
def test_a_choice_is_read_as_people_write_it(each):
    assert each.check(each.shown_answer()), "as the solution writes it"
    for key, words in each.options.items():
        for form in (key, f"{key})", f"({key})", f"Option {key}", f'"{key}"', (key,), words):
            told = each.check(form)
            assert (told.verdict == "right") == (key == each.answer)
            assert told.verdict in ("right", "wrong")
    one, other, *_ = each.options
    for both in (f"{one} and {other}", f"{one}, {other}", (one, other)):
        assert each.check(both).verdict == "unclear"
    for none in ("banana", 7.5, True, "", b"a"):
        assert not each.check(none)


def test_an_answer_may_be_written_as_people_write():
    cost = exercise("polling-cost-1")
    for form in ("8,640,000", "8640000 requests", "8 640 000", "8.64 million", "8,64e6"):
        assert cost.check(form), form
    one = exercise("short-polling-1")
    assert one.check("2 s")
    assert one.check("2000 ms")
    assert not one.check(True)
    assert exercise("short-polling-2").check(1, 5), "a decimal comma without quotes"
    told = exercise("short-polling-2").check("1,500")
    assert told.verdict == "unclear"
    assert "1500, or 1.500" in told.text
    assert exercise("polling-cost-2").check("82%")
    assert exercise("sse-2").check("160 ms")
    assert "I read `160 ms` as 0.16 s." in exercise("sse-2").check("160 ms").text
    assert exercise("short-polling-3").check("3000 per minute")
    assert exercise("mqtt-2").check("QoS 0")
    assert exercise("mqtt-2").check(0)


def test_the_answers_are_what_the_prices_are_made_of():
    """They are computed without the transports, which a tab of a browser has not."""

    def traffic(transport, **more):
        profile = profile_of(transport)
        every_s = more.pop("interval_s", None)
        profile = profile.retimed(interval_s=every_s) if every_s else profile
        return predicted_traffic(profile, payload_bytes=100, **more)

    fans = {"clients": 10_000, "rate_per_client_per_s": 1 / 60}
    saved = traffic("short-polling", interval_s=5.0, **fans).hits_per_s
    assert exercise("sse-1").check(saved - traffic("sse", **fans).hits_per_s)
    valves = traffic("mqtt", clients=300, rate_per_client_per_s=4 / 60)
    assert exercise("mqtt-1").check(3600 * valves.acks_per_s)
    phones = {"clients": 2_000_000, "rate_per_client_per_s": 1 / 60}
    assert exercise("scale-1").check(traffic("short-polling", interval_s=10.0, **phones).hits_per_s)


def test_an_unknown_exercise_names_the_nearest():
    with pytest.raises(CourseError, match="did you mean 'short-polling-1'"):
        exercise("short-poling-1")


def test_nbgrader_sees_a_wrong_answer_fail(monkeypatch):
    asked = exercise("short-polling-1")
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert asked.check(2)
    with pytest.raises(AssertionError, match="longest wait"):
        asked.check(4)
    with pytest.raises(AssertionError, match="How do you mean that"):
        asked.check("1,500")
