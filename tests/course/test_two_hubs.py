"""Two servers that shall be one: seen with a real Redis, or told in a line why not."""

import shutil

import pytest

from pushlab.course import two_hubs as ask
from pushlab.course.guesses import predict
from pushlab.course.mode import FAST, READING
from pushlab.errors import BackplaneUnavailable
from pushlab.hub.backplane.redis_server import find_redis


@pytest.mark.long
async def test_a_reader_at_the_other_server_hears_all_with_a_backplane_and_nothing_without(
    monkeypatch,
):
    try:
        find_redis()
    except BackplaneUnavailable as error:
        pytest.skip(str(error))
    monkeypatch.setenv(FAST, "1")
    told = await ask()
    assert (told.published, told.alone, told.shared) == (5, 0, 5)
    assert (told.dead, told.stood, told.resumed, told.gap) == ("503 backplane-away", *(True,) * 3)
    assert 0 < told.here_s < 5
    assert 0 < told.across_s < 5
    assert "Measured just now" in str(told)
    died = str(told.when_it_dies())
    assert "503 backplane-away" in died
    assert "told of a gap" in died
    picture = told.delay(predict("how much?", 3, unit="ms", gentle=20))
    assert "your guess" in str(picture)


@pytest.mark.parametrize("reading", [True, False])
async def test_where_it_cannot_be_tried_a_recording_is_told_and_it_says_so(monkeypatch, reading):
    if reading:
        monkeypatch.setenv(READING, "1")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    told = await ask()
    why = "only read" if reading else "neither Redis nor Valkey is installed"
    for shown in (str(told), str(told.when_it_dies())):
        assert why in " ".join(shown.split())
        assert "this is a recording of 20" in " ".join(shown.split())
        assert "Measured just now" not in shown
