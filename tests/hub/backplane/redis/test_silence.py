from pushlab.hub.backplane.redis.silence import Silence


def looks(silence, *beats, start_s=0.0, every_s=1.0):
    """What each look finds, of hubs whose beats are given."""
    return [
        [hub for hub, _ in silence.look(each, start_s + at * every_s)]
        for at, each in enumerate(beats)
    ]


def test_a_hub_that_does_not_beat_for_a_lease_has_gone():
    silence = Silence(4.0, 1.0)
    beats = [{"a": 7, "b": at} for at in range(7)]
    assert looks(silence, *beats) == [[], [], [], [], [], ["a"], ["a"]]


def test_any_other_beat_is_one():
    silence = Silence(2.5, 1.0)  # a Redis that was set back has an earlier one
    assert looks(silence, {"a": 7}, {"a": 7}, {"a": 7}, {"a": 3}, {"a": 3}, {"a": 3}) == [[]] * 6


def test_time_without_looks_does_not_count():
    silence = Silence(4.0, 1.0)
    silence.look({"a": 1}, 0.0)
    assert silence.look({"a": 1}, 1_000.0) == []  # it counts for two seconds
    assert silence.look({"a": 1}, 1_001.0) == []
    assert silence.look({"a": 1}, 1_002.5) == [("a", 1)]


def test_it_begins_anew():
    silence = Silence(1.5, 1.0)
    silence.look({"a": 1}, 0.0)
    silence.look({"a": 1}, 1.0)
    silence.forget()
    assert silence.look({"a": 1}, 2.0) == []
    assert silence.look({"a": 1}, 3.0) == []
    assert silence.look({"a": 1}, 4.0) == [("a", 1)]
