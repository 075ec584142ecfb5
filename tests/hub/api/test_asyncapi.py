import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.description import Description, Said, Server, Stream
from pushlab.contract.registry import make_transport, transport_names
from pushlab.contract.serving import Entry
from pushlab.contract.tokens import TokenKeys
from pushlab.contract.transport import Transport
from pushlab.hub.api.asyncapi import asyncapi_document
from pushlab.hub.api.operations import ASYNCAPI_PATH
from pushlab.hub.core import Hub
from pushlab.hub.reach.reach import ReachSettings, seen_from
from pushlab.transports.sse import encode_event, encode_for_pages
from tests.hub.api.asyncapi_reading import fits, parse_block, reason_in, reasons_of, resolved
from tests.live_hub import ask, live_hub

PARSER = Path(__file__).parents[3] / "pushlab/web/node_modules/@asyncapi/parser"
CHECK = """
import { Parser } from "@asyncapi/parser";
import { readFileSync } from "node:fs";
const { document, diagnostics } = await new Parser().parse(readFileSync(0, "utf8"));
const told = diagnostics.filter((said) => said.code !== "asyncapi-latest-version");
console.log(JSON.stringify({ read: document !== undefined, told }));
"""
BROKER = BrokerAccess("embedded", "127.0.0.1", 1883, "bridge", "secret-of-the-bridge")


def document(url="http://127.0.0.1:8000", broker_url=None, broker=BROKER, **options):
    hub = Hub(keys=TokenKeys.fresh(), broker=broker)
    made = [make_transport(name, options.get(name, {})) for name in transport_names()]
    return asyncapi_document(seen_from(hub, url, broker_url), made)


@pytest.fixture(scope="module")
def whole():
    return document()


def messages_of(told):
    for key, channel in told["channels"].items():
        for name, message in channel["messages"].items():
            yield pytest.param(key, message, id=f"{key}/{name}")


def references_in(value):
    if isinstance(value, dict):
        yield from ([value["$ref"]] if "$ref" in value else [])
        value = list(value.values())
    for each in value if isinstance(value, list) else []:
        yield from references_in(each)


# ---- the document as such ------------------------------------------------------------------------


def test_the_projects_own_parser_finds_nothing_wrong(whole):
    if shutil.which("node") is None or not PARSER.exists():
        pytest.skip("@asyncapi/parser is not installed (make test, which needs npm)")
    checked = subprocess.run(
        ["node", "--input-type=module", "--eval", CHECK],
        cwd=PARSER.parents[2],
        input=json.dumps(whole),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(checked.stdout) == {"read": True, "told": []}


def test_every_reference_leads_somewhere(whole):
    found = sorted(set(references_in(whole)))
    assert len(found) > 30
    for reference in found:
        at = whole
        for part in reference.removeprefix("#/").split("/"):
            at = at[part]


def test_every_parameter_of_an_address_is_told_of_and_no_other(whole):
    for channel in whole["channels"].values():
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel["parameters"])


@pytest.mark.parametrize(("key", "message"), list(messages_of(document())))
def test_every_example_fits_its_own_message_and_no_other(whole, key, message):
    opcode = message.get("x-websocket-opcode", 1)
    assert message["examples"]
    for example in message["examples"]:
        assert fits(whole, key, **example, opcode=opcode) == [message["name"]]


@pytest.mark.parametrize(("key", "message"), list(messages_of(document())))
def test_every_schema_is_one(whole, key, message):
    for part in ("payload", "headers"):
        Draft7Validator.check_schema(resolved(whole, message.get(part, {})))


@pytest.mark.parametrize(("key", "message"), list(messages_of(document())))
def test_every_reason_has_an_example(whole, key, message):
    if told := reasons_of(whole, message):
        assert {reason_in(example["payload"]) for example in message["examples"]} == told


@pytest.mark.parametrize(
    ("key", "message"),
    [each for each in messages_of(document()) if "x-on-the-wire" in each.values[1]],
)
def test_an_example_on_the_wire_says_what_the_example_says(key, message):
    (block,) = message["x-on-the-wire"].removesuffix("\n\n").split("\n\n")
    headers, payload = parse_block(block)
    if payload is not None and message["contentType"] == "application/json":
        payload = json.loads(payload)
    example = message["examples"][0]
    assert (headers, payload) == (example["headers"], example.get("payload"))


def test_a_message_on_the_wire_is_as_the_transport_writes_it(whole):
    said = whole["channels"]["sseEvents"]["messages"]
    for name, text, encode in (
        ("message", "Hello, world", encode_event),
        ("exactMessage", "one\r\ntwo", encode_for_pages),
    ):
        entry = Entry("4f1c9a02", 18, text, len(text), 0)
        assert said[name]["x-on-the-wire"] == encode(entry).decode()


# ---- what this hub offers ------------------------------------------------------------------------


def test_the_servers_are_where_the_client_reaches_this_hub():
    told = document("https://push.example/hub", "mqtts://broker.example")
    assert {
        name: (server["protocol"], server["host"], server.get("pathname"))
        for name, server in told["servers"].items()
    } == {
        "http": ("https", "push.example", "/hub"),
        "websocket": ("wss", "push.example", "/hub/v1/socket"),
        "mqtt": ("mqtts", "broker.example", None),
        "mqttOverWebsocket": ("wss", "push.example", "/hub/v1/mqtt"),
    }
    assert told["info"]["externalDocs"]["url"] == "https://push.example/hub/v1/openapi.json"


def test_a_hub_without_a_broker_tells_of_none():
    told = document(broker=None)
    assert set(told["servers"]) == {"http", "websocket"}
    assert set(told["channels"]) == {"sseEvents", "websocketFrames"}
    assert "mqtt" not in json.dumps(told).lower()


def test_a_broker_that_is_not_reached_from_elsewhere_says_so():
    here, elsewhere = document(), document("http://192.0.2.7:8000")
    assert "own machine" not in here["servers"]["mqtt"]["description"]
    assert "own machine" in elsewhere["servers"]["mqtt"]["description"]


def test_options_are_told():
    told = document(mqtt={"qos": 2, "keep_alive_s": 7})
    assert told["operations"]["receiveMqttLive"]["bindings"]["mqtt"]["qos"] == 2
    assert told["servers"]["mqtt"]["bindings"]["mqtt"]["keepAlive"] == 7


class Pigeons(Transport):
    """A plug-in's."""

    name = "carrier-pigeons"

    def described(self, hub):
        leg = Said(when="Now and then.", payload={"type": "string", "examples": ["coo"]})
        loft = Server(url=f"pigeon://{hub.url().partition('//')[2]}", about="A loft.", security={})
        letters = Stream(servers=("loft",), address="roof", about="Letters.", says={"leg": leg})
        return Description(about="Feed them.", servers={"loft": loft}, streams={"post": letters})


class Ravens(Transport):
    """One that says nothing of itself."""

    name = "ravens"


def test_a_plug_in_is_told_of_where_it_describes_itself():
    hub = Hub(keys=TokenKeys.fresh())
    hub.listening_at("http://127.0.0.1:8000")
    told = asyncapi_document(hub, [Pigeons(), Ravens()])
    assert [tag["name"] for tag in told["info"]["tags"]] == ["carrier-pigeons"]
    assert told["servers"]["loft"]["protocol"] == "pigeon"
    assert list(told["operations"]) == ["receiveCarrierPigeonsPost"]
    assert fits(told, "carrierPigeonsPost", "coo") == ["carrierPigeonsPostLeg"]


def test_it_has_no_secret(whole):
    assert "secret-of-the-bridge" not in json.dumps(whole)


async def test_a_hub_serves_it_to_anybody_who_asks():
    reach = ReachSettings(public_url="https://push.example/hub")
    async with live_hub(reach=reach, transports={"sse": {}}) as hub:
        answer = await hub.ask("GET", ASYNCAPI_PATH)
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/json"
        assert set(answer.json["channels"]) == {"sseEvents"}
        assert answer.json["servers"]["http"]["host"] == "push.example"


async def test_who_wants_one_transport_gets_that_alone():
    """Generators of WebSocket clients want a document with one channel."""
    async with live_hub() as hub:
        for names, keys in (
            ("websocket", {"websocketFrames"}),
            ("websocket,sse", {"websocketFrames", "sseEvents"}),
            ("short-polling", set()),
        ):
            told = await hub.ask("GET", f"{ASYNCAPI_PATH}?transports={names}")
            assert set(told.json["channels"]) == keys
        refused = await hub.ask("GET", f"{ASYNCAPI_PATH}?transports=pigeons")
        assert (refused.status, refused.json["error"]) == (400, "no-such-transport")


async def test_each_who_asks_is_told_the_address_that_he_used():
    async with live_hub(transports={"sse": {}}) as hub:
        for host in ("127.0.0.1", "localhost", "localhost"):
            url = hub.url.replace("127.0.0.1", host)
            told = (await ask(url, "GET", ASYNCAPI_PATH)).json["servers"]["http"]
            assert f"http://{told['host']}" == url
