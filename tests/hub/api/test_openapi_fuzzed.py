"""schemathesis finds nothing against the hub: what its document allows and forbids is so."""

import asyncio

import pytest

from tests.hub.api.fuzzing import REVOKING, fuzz
from tests.hub.api.openapi_reading import WITHOUT_BROKER
from tests.live_hub import live_hub


async def find(examples, seed=1):
    """Faults and refusals, of a hub that holds no poll for long."""
    settings = {"hold_s": 0.01, "max_hold_s": 0.01}
    async with live_hub(settings=settings, transports=WITHOUT_BROKER) as hub:
        faults, asked, refused = [], {}, set()
        for revoking in (False, True):
            token = await hub.token("ada")
            more = {"revoking": revoking, "examples": examples, "seed": seed}
            found = await asyncio.to_thread(fuzz, hub.url, key=hub.key, token=token, **more)
            faults += found.faults
            asked |= found.asked
            refused |= found.refused
            if not revoking:
                answer = await hub.ask("GET", "/v1/endpoints", secret=token)
                assert answer.status == 200, "the token counted all the while"
        noise = [line for line in hub.log().splitlines() if not line.startswith("refused: ")]
    assert noise == []
    return faults, asked, refused


async def test_schemathesis_finds_nothing():
    faults, asked, refused = await find(examples=8)
    assert not faults, "\n\n".join(faults[:10])
    assert min(asked.values()) >= 5
    assert asked[f"DELETE {REVOKING}"] > 60
    assert {word for _, _, word in refused} >= {
        "api-key-missing",
        "bad-api-key",
        "bad-batch",
        "bad-method",
        "bad-request",
        "invalid-channel",
        "invalid-client-id",
        "invalid-cursor",
        "invalid-duration",
        "invalid-message",
        "invalid-parameter",
        "token-invalid",
    }


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
async def test_schemathesis_finds_nothing_for_longer(seed):
    faults, _, _ = await find(examples=500, seed=seed)
    assert not faults, "\n\n".join(faults[:10])
