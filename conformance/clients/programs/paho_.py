"""paho-mqtt with a session that the broker keeps; it comes back by itself.

LEVEL is 4 or 5; OVER is tcp, or websockets by way of the hub.
"""

import os

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

level = int(os.environ["LEVEL"])
options = {} if level == 5 else {"clean_session": False}
client = paho.Client(
    CallbackAPIVersion.VERSION2,
    os.environ["CLIENT"],
    protocol=level,
    transport=os.environ["OVER"],
    **options,
)
client.ws_set_options("/v1/mqtt")
client.username_pw_set(os.environ["USERNAME"], os.environ["TOKEN"])
client.reconnect_delay_set(1, 1)
client.on_connect = lambda *_: client.subscribe(os.environ["TOPIC"], qos=1)


def on_message(_: object, __: object, message: paho.MQTTMessage) -> None:
    """One message."""
    text = message.payload.decode().partition(" ")[2]
    if text:
        print(text, flush=True)


client.on_message = on_message
more: dict[str, object] = {}
if level == 5:
    keeps = Properties(PacketTypes.CONNECT)
    keeps.SessionExpiryInterval = 600
    more = {"clean_start": False, "properties": keeps}
client.connect_async("127.0.0.1", int(os.environ["PORT"]), keepalive=10, **more)
client.loop_forever(retry_first_connection=True)
