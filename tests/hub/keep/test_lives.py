"""What is left of a forgotten channel: where it stood, for as many as are remembered."""

from pushlab.hub.keep.lives import Lives


def test_a_channel_without_messages_begins_again_as_it_was_and_costs_nothing():
    lives = Lives()
    epoch, head = lives.begin("room")
    assert head == 0
    assert lives.forget("room", epoch, 0) == []
    assert len(lives) == 0
    assert lives.begin("room") == (epoch, 0)


def test_one_that_had_messages_begins_again_where_it_stood():
    lives = Lives()
    epoch, _ = lives.begin("room")
    lives.forget("room", epoch, 17)
    assert lives.begin("room") == (epoch, 17)


def test_names_differ_between_channels_seeds_and_generations():
    seed = b"x" * 16
    names = {
        Lives(seed).begin("a")[0],
        Lives(seed).begin("b")[0],
        Lives(seed, 1).begin("a")[0],
        Lives().begin("a")[0],
        Lives().begin("a")[0],
    }
    assert len(names) == 5
    assert Lives(seed).begin("a") == Lives(seed).begin("a")


def test_of_too_many_the_oldest_is_dropped_and_never_looks_like_itself_again():
    lives = Lives(most=2)
    stood = {name: lives.begin(name)[0] for name in "abc"}
    dropped = [lives.forget(name, stood[name], 5) for name in "abc"]
    assert dropped == [[], [], ["a"]]
    assert lives.begin("b") == (stood["b"], 5)
    epoch, head = lives.begin("a")
    assert head == 0
    assert epoch != stood["a"], "a cursor of the old life would be ahead of this one"
