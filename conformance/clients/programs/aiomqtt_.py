"""aiomqtt with a session that the broker keeps; it does not come back by itself."""

import asyncio
import os

import aiomqtt


async def main() -> None:
    """Read on."""
    while True:
        try:
            async with aiomqtt.Client(
                "127.0.0.1",
                int(os.environ["PORT"]),
                username=os.environ["USERNAME"],
                password=os.environ["TOKEN"],
                identifier=os.environ["CLIENT"],
                clean_session=False,
                timeout=2,
            ) as client:
                await client.subscribe(os.environ["TOPIC"], qos=1)
                async for message in client.messages:
                    text = bytes(message.payload).decode().partition(" ")[2]
                    if text:
                        print(text, flush=True)
        except aiomqtt.MqttError:
            await asyncio.sleep(0.5)


asyncio.run(main())
