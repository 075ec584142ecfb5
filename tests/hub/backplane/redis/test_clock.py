from pushlab.hub.backplane.redis.clock import RedisClock


def test_the_shortest_exchange_counts():
    clock = RedisClock()
    clock.note(1_000, 9_000, 1_000)
    clock.note(20_000, 20_200, 1_015)
    clock.note(30_000, 39_000, 1_040)
    assert clock.here_ns(1_015) == 20_100
    assert clock.here_ns(1_016) == 21_100


def test_old_exchanges_do_not_count_for_ever():
    clock = RedisClock()
    clock.note(0, 0, 0)
    for _ in range(100):  # the clock of Redis has been set
        clock.note(0, 10, 5)
    assert clock.here_ns(5) == 5
