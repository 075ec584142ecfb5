"""Clients as anybody has them, of each version: paho, mosquitto_sub and MQTT.js."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import paho.mqtt.client as paho
import pytest

from pushlab.brokers.start import start_broker
from pushlab.contract.hits import Hit
from pushlab.contract.tokens import TokenKeys
from pushlab.hub.core import Hub
from pushlab.transports import _mqtt_names as names
from pushlab.transports.mqtt import Mqtt
from tests.brokers.site import BROKERS
from tests.patience import PATIENCE_S, until

MQTT_JS = Path(__file__).parents[2] / "pushlab/web/node_modules/mqtt"
TOPIC = names.live_topic("news")


@pytest.fixture(params=BROKERS)
async def hub(request):
    """A hub in this process with its bridge and its broker."""
    keys = TokenKeys.fresh()
    async with await start_broker(request.param) as broker:
        hub = Hub(keys=keys, broker=broker.access)
        bridge = Mqtt().background(hub)
        assert bridge is not None
        async with hub.running(), bridge, asyncio.timeout(2 * PATIENCE_S):
            yield hub


class Paho:
    """A paho client in a thread of its own, that reads one topic."""

    def __init__(self, hub: Hub, version: int, client_id: str, username: str, token: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.answered = asyncio.Event()
        self.granted = asyncio.Event()
        self.code: object = None
        self.messages: list[str] = []
        clean = {} if version == paho.MQTTv5 else {"clean_session": True}
        self.client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id, protocol=version, **clean
        )
        self.client.username_pw_set(username, token)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda *_: self._tell(self.granted.set)
        self.client.on_message = lambda _, __, m: self._tell(
            self.messages.append, m.payload.decode()
        )
        assert hub.broker is not None
        self.client.connect_async(hub.broker.host, hub.broker.port)
        self.client.loop_start()

    def _tell(self, call, *arguments) -> None:
        self.loop.call_soon_threadsafe(call, *arguments)

    def _on_connect(self, client, _, __, code, ___) -> None:
        self.code = code
        if not code.is_failure:
            client.subscribe(TOPIC, 1)
        self._tell(self.answered.set)

    async def stop(self) -> None:
        self.client.disconnect()
        await asyncio.to_thread(self.client.loop_stop)


async def test_paho_of_every_version_with_any_client_id(hub):
    clients = []
    for version in (paho.MQTTv31, paho.MQTTv311, paho.MQTTv5):
        for client_id in ("", f"any of {version}", f"ann é {version} " + "x" * 60):
            if client_id or version != paho.MQTTv31:  # paho itself wants one there
                token, grant = await hub.create_channel(f"reader {len(clients)}", "news")
                username = names.username_of(grant.client_id, grant.grant_id)
                clients.append(Paho(hub, version, client_id, username, token))
    await asyncio.gather(*(client.granted.wait() for client in clients))
    for n in range(3):
        hub.publish("news", f"{n} é")
    await until(lambda: all(len(client.messages) == 3 for client in clients))
    assert [text.partition(" ")[2] for text in clients[0].messages] == ["0 é", "1 é", "2 é"]
    await asyncio.gather(*(client.stop() for client in clients))
    # CONNECT, SUBSCRIBE, three PUBACKs and DISCONNECT of each:
    await until(lambda: sum(hub.hits.get("mqtt", {}).values()) == 6 * len(clients))
    if hub.broker.kind == "embedded":
        n = len(clients)
        assert hub.hits["mqtt"] == {Hit.CONNECT: 2 * n, Hit.ACK: 3 * n, Hit.LEAVE: n}


async def test_paho_of_every_version_is_told_that_a_token_is_wrong(hub):
    _, grant = await hub.create_channel("ann", "news")
    username = names.username_of(grant.client_id, grant.grant_id)
    versions = (paho.MQTTv31, paho.MQTTv311, paho.MQTTv5)
    clients = [Paho(hub, version, f"any of {version}", username, "guess") for version in versions]
    for client in clients:
        await asyncio.wait_for(client.answered.wait(), PATIENCE_S)
        assert client.code == "Not authorized"
    await asyncio.gather(*(client.stop() for client in clients))


@pytest.mark.skipif(not shutil.which("mosquitto_sub"), reason="mosquitto_sub is not installed")
async def test_mosquitto_sub_of_every_version(hub, tmp_path):
    async def read(version: str) -> bytes:
        token, grant = await hub.create_channel("ann", "news")
        username = names.username_of(grant.client_id, grant.grant_id)
        options = {"-h": hub.broker.host, "-p": hub.broker.port, "-u": username, "-P": token}
        options |= {"-t": TOPIC, "-q": 1, "-C": 1, "-V": version}
        folder = tmp_path / version
        folder.mkdir()
        lines = "\n".join(f"{flag} {value}" for flag, value in options.items())
        (folder / "mosquitto_sub").write_text(lines + "\n")
        program = await asyncio.create_subprocess_exec(
            "mosquitto_sub",
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "XDG_CONFIG_HOME": str(folder)},  # no secret in an argument
        )
        return (await program.communicate())[0]

    readers = [asyncio.ensure_future(read(version)) for version in ("mqttv31", "mqttv311", "5")]
    while not all(reader.done() for reader in readers):
        hub.publish("news", "hello")
        await asyncio.wait(readers, timeout=0.2)
    assert all(reader.result().endswith(b" hello\n") for reader in readers)


JS = """
const mqtt = require(process.env.MQTT_JS)
const {url, topic, readers} = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
const heard = new Map()
for (const reader of readers) {
  const client = mqtt.connect(url, reader)
  client.on('error', error => first(reader, error.message))
  client.on('connect', () => client.subscribe(topic, {qos: 1}))
  client.on('message', (_, payload) => { first(reader, payload.toString()); client.end() })
}
function first(reader, text) {
  if (!heard.has(reader)) heard.set(reader, text)
  if (heard.size < readers.length) return
  console.log(JSON.stringify([...heard.values()]))
  process.exit(0)
}
"""


@pytest.mark.skipif(
    not (shutil.which("node") and MQTT_JS.is_dir()), reason="Node or its mqtt is not installed"
)
async def test_mqtt_js_of_every_version(hub):
    readers = []
    for level, name in ((3, "MQIsdp"), (4, "MQTT"), (5, "MQTT")):
        token, grant = await hub.create_channel("ann", "news")
        username = names.username_of(grant.client_id, grant.grant_id)
        said = {"protocolVersion": level, "protocolId": name, "reconnectPeriod": 0}
        readers.append({**said, "username": username, "password": token})
    url = f"mqtt://{hub.broker.host}:{hub.broker.port}"
    program = await asyncio.create_subprocess_exec(
        *("node", "-e", JS),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "MQTT_JS": str(MQTT_JS)},
    )
    told = json.dumps({"url": url, "topic": TOPIC, "readers": readers}).encode()
    running = asyncio.ensure_future(program.communicate(told))
    while not running.done():
        hub.publish("news", "hello")
        await asyncio.wait({running}, timeout=0.2)
    heard = json.loads(running.result()[0])
    assert [text.partition(" ")[2] for text in heard] == ["hello"] * 3
