"""When failed notices are tried again: by a hand-driven clock."""

from pushlab.hub.presence.retries import Retries


def again(retries, now_s):
    keys = retries.due(now_s)
    for _ in keys:
        retries.done()
    return keys


def test_one_clients_notice_is_tried_again_after_a_pause_that_doubles():
    retries = Retries(0.2, 4)
    now_s, pauses = 0.0, []
    for _ in range(10):
        retries.failed("a", now_s)
        retries.answered("someone else")  # the handler is not down
        next_s = retries.next_s()
        pauses.append(round(next_s - now_s, 1))
        assert again(retries, next_s - 0.01) == []
        assert again(retries, next_s) == ["a"]
        now_s = next_s
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]


def test_a_handler_that_is_down_is_asked_once_at_a_time_and_each_client_in_turn():
    retries = Retries(0.2, 4)
    for name in "abcdef":
        retries.failed(name, 0.0)
    assert retries.down
    now_s, asked, pauses = 0.0, [], []
    for _ in range(9):
        next_s = retries.next_s()
        pauses.append(round(next_s - now_s, 1))
        now_s = next_s
        (key,) = retries.due(now_s)
        assert retries.due(now_s + 100) == []  # one at a time
        retries.done()
        retries.failed(key, now_s)
        asked.append(key)
    assert asked == list("abcdefabc")
    assert max(pauses) == 5.0
    assert pauses == sorted(pauses)


def test_its_first_answer_hurries_all_that_wait_by_steps():
    retries = Retries(0.2, 4)
    for number in range(20):
        retries.failed(number, 0.0)
    (probe,) = retries.due(100.0)
    retries.done()
    retries.answered(probe)
    waves = []
    running = retries.due(100.0)
    while running:
        waves.append(len(running))
        for key in running:
            retries.done()
            retries.answered(key)
        running = retries.due(100.0)
    assert sum(waves) == 19
    assert waves[:3] == [4, 4, 4]  # all are due; never more than four at a time
    assert len(retries) == 0
    assert retries.next_s() is None


def test_two_are_hurried_for_each_success_and_none_after_a_failure():
    retries = Retries(10.0, 8)
    for number in range(20):
        retries.failed(number, 0.0)
    (probe,) = retries.due(1000.0)  # a probe; the others' own pauses begin here
    retries.done()
    retries.failed(probe, 1000.0)
    for number in range(20):
        retries.forget(number)
        retries.failed(number, 1000.0)
    retries.answered("another")
    first = retries.due(1000.0)
    assert first == [0, 1]
    retries.done()
    retries.answered(0)
    assert retries.due(1000.0) == [2, 3]
    retries.done()
    retries.failed(1, 1000.0)
    assert retries.due(1000.0) == []


def test_an_application_that_asks_to_be_left_alone_is():
    retries = Retries(0.2, 4)
    retries.failed("a", 0.0, 30.0)
    assert retries.next_s() == 30.0
    retries.failed("b", 0.0)
    assert again(retries, 1.0) == ["b"]
    retries.failed("b", 1.0, 60.0)
    retries.failed("c", 1.0)
    assert retries.down
    assert retries.next_s() == 61.0
    retries.answered("new")
    assert again(retries, 2.0) == ["c"]  # not those that were told to wait


def test_what_is_forgotten_is_not_tried_and_takes_no_room():
    retries = Retries(0.2, 4)
    for number in range(1000):
        retries.failed(number, 0.0)
        retries.forget(number)
    assert len(retries) == 0
    assert len(retries._heap) < 100
    assert retries.next_s() is None
