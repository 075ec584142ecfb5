"""sseclient-py over requests; it does not come back by itself."""

import os
import time

import requests
from sseclient import SSEClient

headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
while True:
    try:
        answer = requests.get(
            os.environ["HUB"] + "/v1/events", headers=headers, stream=True, timeout=30
        )
        for event in SSEClient(answer).events():
            if event.id:
                headers["Last-Event-ID"] = event.id
            if event.event == "message" and event.data:
                print(event.data, flush=True)
    except requests.RequestException:
        pass
    time.sleep(0.3)
