"""The lesson's own client, which is on the hub's machine and asks as such; and its timing."""

import asyncio
import json
import ssl

import pytest

from pushlab.hub.process import HubConfig
from pushlab.hub.serve import serve
from pushlab.web.lesson import _HELD, _POLLS, _PUBLISHED_AT
from pushlab.web.site import WebSite
from pushlab.wire.certificate import Certificate
from tests.live_hub import read_answer
from tests.patience import PATIENCE_S

trustme = pytest.importorskip("trustme", reason="trustme is not installed")


async def test_a_hub_on_every_address_talks_to_itself_whatever_name_its_certificate_has(tmp_path):
    authority = trustme.CA()
    issued = authority.issue_cert("push.example")
    certificate = tmp_path / "certificate.pem"
    certificate.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    trusted = authority.cert_pem.bytes().decode()
    config = HubConfig(
        host="0.0.0.0",
        transports={"short-polling": {}},
        certificate=Certificate(str(certificate), None),
    )
    stop, told = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.ensure_future(
        serve(
            config,
            stop=stop,
            ready=told.set_result,
            make_site=lambda hub: WebSite(hub, authority=trusted),
        )
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            url = await told
            host, _, port = url.removeprefix("https://").partition(":")
            assert host == "127.0.0.1"
            trusting = ssl.create_default_context(cadata=trusted)
            trusting.check_hostname = False
            reader, writer = await asyncio.open_connection(host, int(port), ssl=trusting)
            body = json.dumps({"transport": "short-polling", "messages": 1, "span_s": 0.5})
            writer.write(
                f"POST /demo/lesson HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
            )
            answer = await read_answer(reader)
            writer.close()
    finally:
        stop.set()
        await serving
    assert answer.status == 200, answer
    assert len(answer.json["delivered"]) == 1


def test_no_message_is_published_at_a_poll_or_beside_one():
    for moment in _PUBLISHED_AT:
        after_a_poll = moment * _POLLS % 1
        assert 0.2 < after_a_poll < 0.8, "a message waits, and for how long is seen"
        assert int(moment * _POLLS) + 1 < _POLLS, "and somebody asks before it is over"


def test_questions_are_held_until_a_message_comes_and_the_last_one_in_vain():
    asked = 0.0
    for moment in _PUBLISHED_AT[:2]:
        assert moment - asked < _HELD - 0.03
        asked = moment
    assert asked + _HELD < 0.95
