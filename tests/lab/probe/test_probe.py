"""A probe says of each fault of a server what it is, and of a good one that it is good."""

from typing import Any

import pytest

from pushlab.lab.probe.findings import Found, ProbeResult
from pushlab.lab.probe.probe import probe_system
from pushlab.lab.probe.trying import ProbeSettings
from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.spec import Publish, Speech, SystemSpec
from tests.lab.probe.small_servers import serving
from tests.patience import PATIENCE_S

SSE = {"sse": Speech(path="/sse/{channel}", last_id="id")}
SOCKET = {"websocket": Speech(path="/ws/{channel}?since={last_id}", last_id="$.id")}
POLLS = {"short-polling": Speech(path="/poll/{channel}?since={last_id}", last_id="$.last")}
PUBLISH = Publish(path="/publish/{channel}", body='{"text": "{message}"}')
QUICK = {"short-polling": {"interval_s": 0.02}}


async def probed(
    speaks: dict[str, Speech],
    *,
    wait_s: float = PATIENCE_S,
    listen_s: float = 0.0,
    publish: bool = True,
    **does: Any,
) -> ProbeResult:
    async with serving(**does) as server:
        spec = SystemSpec(url=server.url, publish=PUBLISH, speaks=speaks)
        settings = ProbeSettings(publish=publish, listen_s=listen_s, wait_s=wait_s, options=QUICK)
        result = await probe_system(DeclaredSystem.of(spec), settings)
        published = [request for request in server.requests if request.startswith("POST")]
        assert bool(published) == publish
    return result


async def found(speaks: dict[str, Speech] = SSE, **how: Any) -> Found:
    result = await probed(speaks, **how)
    return result.found[0]


@pytest.mark.parametrize("speaks", [SSE, SOCKET, POLLS], ids=lambda speaks: next(iter(speaks)))
async def test_a_good_server_delivers_to_all_readers_in_order_and_resumes(
    speaks: dict[str, Speech],
):
    seen = await found(speaks)
    assert not seen.trouble
    assert seen.delivered is not None
    assert seen.delivered.second
    assert seen.delivered.in_order
    assert not seen.delivered.leaked
    assert (seen.delivered.sent, seen.delivered.arrived) == (5, 5)
    assert seen.resumed is not None
    assert (seen.resumed.away, seen.resumed.came, seen.resumed.again) == (2, 2, 0)
    assert seen.resumed.place


@pytest.mark.parametrize("ids", [True, False])
async def test_what_is_published_while_a_reader_is_away_is_lost_where_nothing_resumes(ids: bool):
    seen = await found(resumes=False, ids=ids)
    assert seen.resumed is not None
    assert (seen.resumed.came, seen.resumed.back) == (0, True)
    assert bool(seen.resumed.place) == ids
    assert seen.stream is not None
    assert bool(seen.stream.ids) == ids


async def test_one_that_replays_everything_gives_again_what_the_reader_has():
    seen = await found(replays=True)
    assert seen.resumed is not None
    assert (seen.resumed.came, seen.resumed.again) == (2, 6)
    assert seen.resumed.newcomer == 9


async def test_a_leak_between_channels_is_seen():
    seen = await found(leaks=True)
    assert seen.delivered is not None
    assert seen.delivered.leaked


async def test_what_is_out_of_order_is_seen():
    seen = await found(swaps=True)
    assert seen.delivered is not None
    assert seen.delivered.in_order is False


async def test_what_buffers_lets_go_when_enough_has_come():
    seen = await found(buffer_bytes=20_000, wait_s=1.0)
    assert not seen.trouble
    assert seen.delivered is not None
    assert seen.delivered.came
    assert seen.delivered.held_back
    assert seen.delivered.pressed_bytes >= 20_000


async def test_a_message_that_nobody_sees_is_said_to_have_been_taken():
    result = await probed(SSE, delivers=False, wait_s=0.3, most_bytes=1000)
    assert result.published is not None
    assert (result.published.status, result.published.said) == (202, "")
    assert result.found[0].delivered is not None
    assert not result.found[0].delivered.came


async def test_publishing_that_is_refused_is_told_with_the_first_line_of_the_answer(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("PROBED_KEY", "")
    keyed = Publish(path=PUBLISH.path, body=PUBLISH.body, headers={"x-key": "{env.PROBED_KEY}"})
    async with serving(publish_status=401, publish_body="no key\nat all") as server:
        spec = SystemSpec(url=server.url, publish=keyed, speaks=SSE | SOCKET)
        settings = ProbeSettings(listen_s=0.0, wait_s=PATIENCE_S)
        result = await probe_system(DeclaredSystem.of(spec), settings)
        assert sum(request.startswith("POST") for request in server.requests) == 1
    assert result.published is not None
    assert result.published.said == "was answered 401"
    assert result.published.body == "no key"
    assert result.published.variables == {"PROBED_KEY": False}
    assert [seen.delivered for seen in result.found] == [None, None]


@pytest.mark.parametrize(
    ("path", "trouble"),
    [("/nowhere/{channel}", "refused"), ("/page/{channel}", "html"), ("/locked", "refused")],
)
@pytest.mark.parametrize("name", ["sse", "websocket", "short-polling"])
async def test_an_endpoint_that_is_none_is_told_at_once(name: str, path: str, trouble: str):
    async with serving() as server:
        spec = SystemSpec(url=server.url, publish=PUBLISH, speaks={name: Speech(path=path)})
        settings = ProbeSettings(listen_s=PATIENCE_S, wait_s=PATIENCE_S, options=QUICK)
        result = await probe_system(DeclaredSystem.of(spec), settings)
    assert result.found[0].trouble == trouble


async def test_a_server_that_never_answers_is_told_from_one_that_buffers():
    seen = await found({"sse": Speech(path="/silent/{channel}")}, wait_s=0.3)
    assert seen.trouble == "no-answer"
    assert seen.delivered is not None
    assert not seen.delivered.came


async def test_a_server_that_dies_meanwhile_is_told_for_all_that_follows():
    result = await probed(SSE | SOCKET, dies_after=3)
    assert "nobody listens" in result.gone or "closed" in result.gone
    assert result.found[0].delivered is not None
    assert result.found[0].delivered.came
    assert result.found[1].trouble == "gone"


async def test_what_keeps_a_connection_open_is_timed():
    result = await probed(SSE | SOCKET, keep_alive_s=0.1, listen_s=1.0)
    for seen, kind in zip(result.found, ("comment", "ping"), strict=True):
        assert seen.silence is not None
        assert seen.silence.kind == kind
        assert seen.silence.period_s is not None
        assert seen.silence.period_s > 0.05


async def test_reading_alone_publishes_nothing():
    result = await probed(SSE, publish=False, keep_alive_s=0.1, listen_s=0.5)
    assert result.published is None
    seen = result.found[0]
    assert (seen.trouble, seen.delivered) == ("", None)
    assert seen.silence is not None
    assert seen.silence.beats


async def test_polls_are_counted_with_what_an_empty_one_costs():
    seen = await found(POLLS, listen_s=0.3)
    assert seen.polls is not None
    assert seen.polls.empty > 3
    assert seen.polls.connections == 2  # one more after the cut
    assert seen.polls.empty_status == 200
    assert seen.polls.empty_bytes > seen.polls.empty_body_bytes > 0
    assert seen.polls.shape == "JSON object: last, messages"


async def test_the_hub_is_good(monkeypatch: pytest.MonkeyPatch):
    from pushlab.systems.hub import HubSystem

    class Three(HubSystem):
        speaks = ("sse", "websocket", "long-polling")

    settings = ProbeSettings(listen_s=0.0, wait_s=PATIENCE_S)
    result = await probe_system(Three(), settings)
    for seen in result.found:
        assert not seen.trouble
        assert seen.resumed is not None
        assert (seen.resumed.came, seen.resumed.again) == (2, 0)
