"""Each clause holds of a server that is as it should be, and breaks of one that is not."""

import json

import pytest

from pushlab.errors import UsageError
from pushlab.lab.verify.bench import Pace
from pushlab.lab.verify.verify import CLAUSES, check_clauses, required_of, verify_system
from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.spec import Publish, Speech, SystemSpec
from tests.lab.probe.small_servers import serving
from tests.patience import with_more_time

PUBLISH = Publish(path="/publish/{channel}", body='{"text": "{message}"}')
SPEAKS = {
    "sse": Speech(path="/sse/{channel}", last_id="id"),
    "short-polling": Speech(path="/poll/{channel}?since={last_id}", last_id="$.last"),
    "long-polling": Speech(path="/long/{channel}?since={last_id}", last_id="$.last"),
    "websocket": Speech(path="/ws/{channel}?since={last_id}", last_id="$.id"),
}
PATIENT = Pace(wait_s=30.0, quiet_s=0.1, interval_s=0.01)
LIGHT = [
    *("delivery", "order", "once", "fan-out", "channels", "payloads", "burst", "late", "resume"),
]


async def verified(transport, *clauses, pace=PATIENT, **does):
    """What became of these clauses at a server that does so."""
    async with serving(**does) as server:
        speaks = {transport: SPEAKS[transport]}
        system = DeclaredSystem.of(SystemSpec(url=server.url, publish=PUBLISH, speaks=speaks))
        found = await verify_system(system, [transport], clauses=clauses or LIGHT, pace=pace)
        return found.seen[transport], found


def broken(seen):
    return {name for name, each in seen.items() if each.verdict == "breaks"}


@pytest.mark.parametrize("transport", list(SPEAKS))
async def test_all_holds_where_all_is_as_it_should_be(transport):
    seen, found = await verified(transport)
    assert broken(seen) == set(), seen
    assert {each.verdict for each in seen.values()} == {"holds"}
    assert found.broken == []
    assert seen["resume"].said == "got all 5 that were published while it was away"
    json.dumps(found.to_json())


@pytest.mark.parametrize(
    ("transport", "does", "clause", "said"),
    [
        ("sse", {"drops": 7}, "delivery", "of 60 did not come"),
        ("sse", {"drops": 7}, "burst", "of 50 did not come to a reader that reads"),
        ("sse", {"doubles": True}, "once", "60 of 60 came more than once, up to 2 times"),
        ("short-polling", {"resumes": False}, "once", "60 of 60 came more than once"),
        ("sse", {"favours": True}, "fan-out", "of 10 readers, 9 got nothing"),
        ("websocket", {"leaks": True}, "channels", "of another channel"),
        ("sse", {"alters": True}, "payloads", "on the way: line feeds and blanks at its end"),
        ("sse", {"resumes": False}, "resume", "5 were lost"),
        ("sse", {"ids": False}, "resume", "5 were lost"),
        ("sse", {"delivers": False}, "delivery", "no message came within"),
        ("sse", {"publish_status": 401}, "delivery", "POST /publish/{channel} was answered 401"),
        (
            "sse",
            {"stream_type": "text/html"},
            "delivery",
            "a reader is turned away: not an event stream",
        ),
    ],
)
async def test_a_fault_is_seen_by_its_clause(transport, does, clause, said):
    async def check(wait_s):
        pace = Pace(wait_s=wait_s, quiet_s=0.05, interval_s=0.01)
        seen, found = await verified(transport, clause, pace=pace, **does)
        assert seen[clause].verdict == "breaks", seen
        assert said in seen[clause].said
        required = clause in required_of(_system(transport), transport)
        assert found.broken == ([(transport, clause)] if required else [])

    await with_more_time(check, 0.4, 5.0)


def _system(transport):
    return DeclaredSystem.of(SystemSpec(speaks={transport: SPEAKS[transport]}))


async def test_an_order_that_is_wrong_is_seen():
    seen, _ = await verified("sse", "order", swaps=True)
    assert seen["order"].verdict == "breaks"
    assert "came behind number" in seen["order"].said


async def test_a_publisher_that_waits_for_one_that_stalls_is_seen():
    async def check(wait_s):
        seen, _ = await verified("sse", "slow reader", pace=Pace(wait_s=wait_s), waits=True)
        assert seen["slow reader"].verdict == "breaks", seen
        assert f"publishing was not answered within {wait_s:g} s" in seen["slow reader"].said

    await with_more_time(check, 0.4, 5.0)
    seen, _ = await verified("sse", "slow reader", pace=Pace(wait_s=0.4), drops=7)
    assert seen["slow reader"].verdict == "not tried"
    seen, _ = await verified("short-polling", "slow reader")
    assert seen["slow reader"].verdict == "does not apply"


async def test_one_that_stalls_hurts_nobody_where_nobody_waits():
    seen, _ = await verified("sse", "slow reader")
    assert seen["slow reader"].verdict == "holds", seen
    assert "got everything in the end" in seen["slow reader"].said


async def test_a_server_that_is_killed_and_started_again():
    command = "{python} -m tests.lab.verify.crashing {port}"
    system = DeclaredSystem.of(
        SystemSpec(start=command, publish=PUBLISH, speaks={"sse": SPEAKS["sse"]})
    )
    found = await verify_system(system, ["sse"], clauses=["restart", "kept"], pace=PATIENT)
    seen = found.seen["sse"]
    assert seen["restart"].verdict == "holds", seen
    assert seen["kept"].verdict == "breaks"
    assert seen["kept"].said.endswith("one that was away got 0")
    async with serving() as server:
        spec = SystemSpec(url=server.url, publish=PUBLISH, speaks={"sse": SPEAKS["sse"]})
        attached = await verify_system(
            DeclaredSystem.of(spec), ["sse"], clauses=["restart"], pace=PATIENT
        )
    assert attached.seen["sse"]["restart"].verdict == "does not apply"


async def test_a_server_that_dies_meanwhile_is_told_and_nothing_more_is_tried():
    seen, found = await verified("sse", dies_after=30)
    assert seen["delivery"].verdict == "breaks"
    assert {each.verdict for name, each in seen.items() if name != "delivery"} == {"not tried"}
    assert ("sse", "delivery") in found.broken


async def test_what_a_foreign_server_cannot_be_asked_does_not_apply():
    seen, _ = await verified("sse", "presence", "tokens")
    assert {each.verdict for each in seen.values()} == {"does not apply"}
    speaks = {"sse": Speech(path="/sse/one")}
    async with serving() as server:
        spec = SystemSpec(url=server.url, publish=PUBLISH, speaks=speaks)
        found = await verify_system(
            DeclaredSystem.of(spec), ["sse"], clauses=["channels"], pace=PATIENT
        )
    assert found.seen["sse"]["channels"].verdict == "does not apply"


def test_a_clause_that_is_none_is_refused():
    with pytest.raises(UsageError, match="'resumes' is no clause; there are: delivery, order"):
        check_clauses(["resumes"])
    check_clauses([clause.name for clause in CLAUSES])
