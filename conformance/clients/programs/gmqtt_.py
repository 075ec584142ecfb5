"""gmqtt, which speaks MQTT 5, with a session that the broker keeps, and comes back by itself."""

import asyncio
import os

import gmqtt


async def main() -> None:
    """Read on."""
    client = gmqtt.Client(os.environ["CLIENT"], clean_session=False, session_expiry_interval=600)
    client.set_auth_credentials(os.environ["USERNAME"], os.environ["TOKEN"])
    client.set_config({"reconnect_retries": -1, "reconnect_delay": 1})

    def on_connect(*_: object) -> None:
        client.subscribe(os.environ["TOPIC"], qos=1)

    async def on_message(_: object, __: str, payload: bytes, *___: object) -> int:
        text = payload.decode().partition(" ")[2]
        if text:
            print(text, flush=True)
        return 0

    client.on_connect, client.on_message = on_connect, on_message
    await client.connect("127.0.0.1", int(os.environ["PORT"]), keepalive=10)
    await asyncio.Event().wait()


asyncio.run(main())
