"""Every clause of the contract of backplanes, on hubs that share a Redis."""

from secrets import token_hex

import pytest

from pushlab.testing import BackplaneContract


class TestRedis(BackplaneContract):
    @pytest.fixture(autouse=True)
    def redis(self, redis_server):
        self._url = redis_server.url

    def fresh_backplane(self):
        return f"{self._url}?prefix=contract-{token_hex(6)}"
