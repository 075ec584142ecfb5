"""What the tests of the embedded broker at the wire share."""

import pytest

from tests.brokers.wire import Broker


@pytest.fixture
async def broker():
    return Broker()
