"""A hub alone, over its API: publishes with a key, one by one and in batches."""

from tests.hub.api.openapi_reading import hub_here


async def published(hub, text, key, channel="ada"):
    target = f"/v1/publish?channel={channel}"
    headers = {} if key is None else {"Idempotency-Key": key}
    return await hub.ask("POST", target, body=text.encode(), secret=hub.key, headers=headers)


async def test_a_publish_that_is_sent_again_is_there_once():
    async with hub_here() as hub:
        first = await published(hub, "a", "k")
        again = await published(hub, "a", "k")
        assert (first.status, first.json) == (again.status, again.json) == (202, first.json)
        assert (await published(hub, "a", None)).json["seq"] == 2
        other = await published(hub, "b", "k")
        assert (other.status, other.json["error"]) == (422, "idempotency-key-reused")


async def test_a_publish_that_is_kept_is_there_once_too(tmp_path):
    async with hub_here(keep=str(tmp_path / "kept")) as hub:
        first = await published(hub, "a", "k")
        assert (await published(hub, "a", "k")).json == first.json
        assert (await published(hub, "a", "l")).json["seq"] == 2
