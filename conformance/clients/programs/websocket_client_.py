"""websocket-client; it does not come back to another URL by itself."""

import os
import time

import websocket

place, after = os.environ["HUB"].replace("http", "ws", 1) + "/v1/socket", ""
while True:
    try:
        socket = websocket.create_connection(
            place + after, header=[f"Authorization: Bearer {os.environ['TOKEN']}"], timeout=30
        )
        while frame := socket.recv():
            cursor, _, text = str(frame).partition(" ")
            after = f"?after={cursor}"
            if text:
                print(text, flush=True)
    except (OSError, websocket.WebSocketException):
        pass
    time.sleep(0.3)
