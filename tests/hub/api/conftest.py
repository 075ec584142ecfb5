"""The hub whose OpenAPI document is read; modules with a hub of another kind have their own."""

import pytest_asyncio

from tests.hub.api.openapi_reading import KEYS, WITHOUT_BROKER, Document
from tests.live_hub import live_hub


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub():
    async with live_hub(keys=KEYS.export(), transports=WITHOUT_BROKER) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def document(hub):
    answer = await hub.ask("GET", "/v1/openapi.json")
    assert answer.status == 200
    return Document(answer.json)
