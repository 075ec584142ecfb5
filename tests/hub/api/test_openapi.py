"""What the hub says of itself, held against the hub: every route, every answer, every refusal."""

import asyncio
import importlib
import pkgutil
import re
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

import pushlab
from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.reasons import Reason
from pushlab.contract.registry import make_transport, transport_names
from pushlab.hub import core
from pushlab.hub.api.openapi import openapi_document
from pushlab.hub.reach.reach import ReachSettings
from tests.hub.api.asyncapi_reading import parse_block
from tests.hub.api.openapi_reading import (
    KEYS,
    WITHOUT_BROKER,
    Asked,
    Document,
    Told,
    answers_as_told,
    good,
    hub_here,
)
from tests.live_hub import dial, read_head
from tests.patience import PATIENCE_S

in_one_loop = pytest.mark.asyncio(loop_scope="module")
ROOT = Path(pushlab.__file__).parent
#: Words that no request of HTTP is answered with here, and why.
UNTOLD = {
    "slow-reader": "ends a stream: AsyncAPI's",
    "not-mqtt": "ends a WebSocket: AsyncAPI's",
    "mqtt-version": "ends a WebSocket: AsyncAPI's",
    "connect-timed-out": "ends a WebSocket: AsyncAPI's",
    "subprotocol-missing": "ends a WebSocket: AsyncAPI's",
    "broker-unavailable": "told where the hub has a broker",
    "no-broker": "a hub without a broker has no transport that says so",
    "incomplete": "whoever did not end its request is not there to read it",
    "bad-host": "another ASGI server's than the hub's own would let it through",
}


# ---- the document -----------------------------------------------------------------------------


@in_one_loop
async def test_it_is_openapi_3_1_and_anybody_may_read_it_from_any_page(hub):
    from openapi_spec_validator import OpenAPIV31SpecValidator

    headers = {"Origin": "https://tools.example"}
    answer = await hub.ask("GET", "/v1/openapi.json", headers=headers)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"] == "application/json"
    OpenAPIV31SpecValidator(answer.json).validate()
    assert hub.key not in answer.body.decode()


@in_one_loop
async def test_it_says_where_the_hub_is_to_whom_asks(hub):
    assert (await hub.ask("GET", "/v1/openapi.json")).json["servers"] == [{"url": hub.url}]
    reach = ReachSettings(public_url="https://push.example/hub", allow_hosts=("127.0.0.1",))
    async with hub_here(reach=reach) as public:
        told = (await public.ask("GET", "/hub/v1/openapi.json")).json
    assert told["servers"] == [{"url": "https://push.example/hub"}]


@in_one_loop
async def test_everything_that_is_served_is_in_it_and_nothing_else(document):
    """Each route of each transport, and each of the API; and what is told is there."""
    hub = core.Hub(keys=KEYS)
    served = {"/healthz", "/metrics"}
    for name in WITHOUT_BROKER:
        for route in make_transport(name, {}).routes(hub):
            served.add(route.path)
            told = {method.upper() for method in document.told["paths"][route.path]}
            assert told == set(route.methods), route.path
    text = "\n".join(path.read_text() for path in (ROOT / "hub" / "api").glob("*.py"))
    served |= set(re.findall(r'"(/v1/[\w./{}]+)"', text))
    spelled = {f"/v1/channels/{{channel}}/{what}" for what in ("messages", "presence")}
    assert set(document.told["paths"]) == served | spelled


@in_one_loop
async def test_a_path_answers_to_the_methods_that_are_told_alone(hub, document):
    for path, told in document.told["paths"].items():
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if method.lower() not in told:
                answer = await hub.api(method, path.replace("{channel}", "ada"), b"")
                assert answer.status == 405, (method, path)
                allowed = set(answer.headers["allow"].split(", ")) - {"HEAD"}
                assert allowed == {each.upper() for each in told}, (method, path)
                document.fits(answer.json, {"$ref": "#/components/schemas/Refusal"})
                if "HEAD" in answer.headers["allow"]:
                    async with dial(hub.url) as (reader, writer):
                        head = f"HEAD {path.replace('{channel}', 'ada')}?channel=ada HTTP/1.1"
                        writer.write(f"{head}\r\nHost: localhost\r\n".encode())
                        writer.write(f"Authorization: Bearer {hub.key}\r\n\r\n".encode())
                        assert (await read_head(reader)).status in (200, 401), path


@in_one_loop
async def test_every_answer_has_an_example_and_every_example_fits_its_schema(document):
    seen = 0
    operations = list(document.operations())
    notices = [
        Told(document, "POST", name, each["post"])
        for name, each in document.told["webhooks"].items()
    ]
    for operation in (*operations, *notices):
        bodies = [operation.told.get("requestBody", {}), *operation.answers.values()]
        for body in bodies:
            for content in body.get("content", {}).values():
                examples = document.examples(content)
                assert examples, str(operation)
                for example in examples:
                    document.fits(example, content["schema"])
                    seen += 1
    assert seen > 200


def raised_in_the_code():
    """Status and word of each reason, and of what is refused without one."""
    raised: set[tuple[int, str]] = set()
    for room in ("contract", "hub", "wire", "transports"):
        for module in pkgutil.walk_packages([str(ROOT / room)], f"pushlab.{room}."):
            if not module.name.endswith("__main__"):
                found = vars(importlib.import_module(module.name)).values()
                raised |= {(r.status, r.word) for r in found if isinstance(r, Reason)}
        for path in (ROOT / room).rglob("*.py"):
            said = re.findall(r'(?:Refused|Reason)\(\s*(\d{3}),\s*"([a-z-]+)"', path.read_text())
            raised |= {(int(status), word) for status, word in said}
    raised.remove((404, "no-such-transport"))  # by a client
    assert len(raised) > 40
    return raised


def test_every_reason_in_the_code_stands_in_the_table():
    _, _, table = (ROOT.parent / "servers/hub/README.md").read_text().partition("| `error` |")
    table = table.partition("\n\n")[0]
    for status, word in sorted(raised_in_the_code()):
        rows = [row for row in table.splitlines() if str(status) in row[:12]]
        assert any(f"`{word}`" in row for row in rows), f"{status} {word}"


@in_one_loop
async def test_every_reason_in_the_code_is_told_of_or_is_no_answer(document):
    told = {
        (refusal["status"], refusal["error"])
        for operation in document.operations()
        for refusal in operation.refusals()
    }
    for status in ("404", "405"):  # of what is no operation
        content = document.told["components"]["responses"][status]["content"]["application/json"]
        told |= {(each["status"], each["error"]) for each in document.examples(content)}
    raised = raised_in_the_code()
    assert {(status, word) for status, word in raised - told if word not in UNTOLD} == set()
    assert {word for _, word in told} & set(UNTOLD) == set()
    assert set(UNTOLD) <= {word for _, word in raised}


# ---- answers ----------------------------------------------------------------------------------


@in_one_loop
async def test_every_example_of_a_request_is_answered_as_told(hub, document):
    token = await hub.token("ada")
    for operation in document.operations():
        fine = [status for status in operation.answers if "200" <= status < "300"]
        if "text/event-stream" in str(operation.answers.get("200")):
            fine = []  # it has no end
        for asked in good(hub, operation, token) if fine else ():
            answer = await asked.of(hub)
            assert str(answer.status) in fine, (str(operation), answer)
            answers_as_told(document, operation, answer)
            token = await hub.token("ada")  # one of the examples has revoked all


@in_one_loop
async def test_a_page_of_messages_and_a_gap_are_as_told(hub, document):
    token = await hub.token("ada", "pages")
    await hub.publish("pages", "hello")
    for operation in document.operations():
        if operation.method == "GET" and "204" in operation.answers:
            asked = Asked("GET", operation.path, token).having(after="0-1")
            answer = await asked.of(hub)
            assert answer.status == 200
            assert set(answer.json) == {"cursor", "gap", "messages"}
            answers_as_told(document, operation, answer)


@in_one_loop
async def test_each_event_of_a_stream_is_as_told(hub, document):
    token = await hub.token("ada", "events")
    for text in ("hello", "carriage\rreturn"):
        await hub.publish("events", text)
    (told,) = (o for o in document.operations() if "text/event-stream" in str(o.told))
    schema = told.answers["200"]["content"]["text/event-stream"]["schema"]
    seen = set()
    for at in ("", "&at=1"):
        target = f"{told.path}?token={token}&after=0-1{at}"
        async with asyncio.timeout(PATIENCE_S), dial(hub.url) as (reader, writer):
            writer.write(f"GET {target} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            stream = (await reader.readuntil(b"-2\n\n")).decode()
        for block in stream.strip().split("\n\n"):
            fields, data = parse_block(block)
            event = {name: value for name, value in fields.items() if name != "comment"}
            event |= {} if data is None else {"data": data}
            document.fits(event, {**document.at(schema), "additionalProperties": False})
            seen.add(event.get("event"))
    assert seen == {None, "gap", "at", "json"}


# ---- with a broker, and to the application ----------------------------------------------------


@in_one_loop
async def test_a_hub_with_a_broker_tells_of_it_too():
    broker = BrokerAccess("remote", "127.0.0.1", 1883, "bridge", "secret")
    hub = core.Hub(keys=KEYS, broker=broker)
    transports = [make_transport(name, {}) for name in transport_names()]
    routes = [route for transport in transports for route in transport.routes(hub)]
    told = Document(openapi_document(hub, routes, transports))
    kinds = {r["error"] for operation in told.operations() for r in operation.refusals()}
    assert "broker-unavailable" in kinds
    assert set(told.told["components"]["schemas"]["Endpoints"]["properties"]) == {
        transport.name for transport in transports
    }
    (made,) = (o for o in told.operations() if o.path == "/v1/channels")
    content = made.answers["201"]["content"]["application/json"]
    (example,) = told.examples(content)
    assert set(example["endpoints"]) == {transport.name for transport in transports}
    told.fits(example, content["schema"])


@in_one_loop
async def test_what_an_application_is_told_is_what_the_webhooks_say(document):
    posts = asyncio.Queue()

    async def take(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(re.search(r"(?i)content-length: (\d+)", head)[1])
        posts.put_nowait((head, (await reader.readexactly(length)).decode()))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, hub_here(presence_url=url, presence_reset=True) as hub:
        token = await hub.token("ada", "room 1")
        assert (await hub.ask("GET", "/v1/poll", secret=token)).status == 204
        await hub.ask("DELETE", "/v1/poll", secret=token)
        for what in ("reset", "connected", "disconnected"):
            async with asyncio.timeout(PATIENCE_S):
                head, body = await posts.get()
            told = document.told["webhooks"][what]["post"]
            assert head.startswith(f"POST /_ah/channel/{what}/ HTTP/1.1\r\n")
            ((kind, content),) = told["requestBody"]["content"].items()
            assert re.search(rf"(?i)content-type: {kind}\r\n", head)
            document.fits(dict(parse_qsl(body, strict_parsing=True)), content["schema"])
            for parameter in told["parameters"]:
                said = re.search(rf"(?i)\r\n{parameter['name']}: ([^\r]*)", head)
                document.fits(said[1], parameter["schema"])
