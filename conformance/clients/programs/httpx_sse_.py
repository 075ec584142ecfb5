"""httpx-sse; it does not come back by itself."""

import os
import time

import httpx
import httpx_sse

headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
with httpx.Client(trust_env=False, timeout=30) as client:
    while True:
        try:
            with httpx_sse.connect_sse(
                client, "GET", os.environ["HUB"] + "/v1/events", headers=headers
            ) as source:
                for event in source.iter_sse():
                    if event.id:
                        headers["Last-Event-ID"] = event.id
                    if event.event == "message" and event.data:
                        print(event.data, flush=True)
        except httpx.TransportError:
            pass
        time.sleep(0.3)
