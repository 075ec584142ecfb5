import pytest

from pushlab.errors import UsageError
from pushlab.hub.backplane.redis.address import RedisAddress

WRONG = [":ge/heim@x", "localhost/0?colour=blue", "localhost:port", ":geheim@localhost/eins"]


@pytest.mark.parametrize("rest", WRONG)
def test_a_wrong_url_is_told_in_one_line_and_not_shown(rest):
    with pytest.raises(UsageError) as error:
        RedisAddress(f"redis://{rest}")
    assert "heim" not in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert error.value.__cause__ is None


def test_a_url_has_defaults_and_shows_no_secret():
    address = RedisAddress("redis://user:geheim@redis.example/3")
    assert (address.prefix, address.database) == ("pushlab", 3)
    assert "geheim" not in repr(address) + address.shown
    assert address.shown == "redis.example:6379/3"


def test_a_prefix_and_what_redis_py_takes_stand_in_the_query():
    address = RedisAddress("rediss://x?prefix=lesson&ssl_cert_reqs=none")
    assert address.prefix == "lesson"
    assert type(address.connection()).__name__ == "SSLConnection"
