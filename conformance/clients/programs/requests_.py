"""requests, polling: short with ROUTE=/v1/poll, long with /v1/wait."""

import os
import time

import requests

session = requests.Session()
session.headers["Authorization"] = f"Bearer {os.environ['TOKEN']}"
after: dict[str, str] = {}
while True:
    try:
        answer = session.get(os.environ["HUB"] + os.environ["ROUTE"], params=after, timeout=40)
        answer.raise_for_status()
        if answer.status_code == 204:
            after["after"] = answer.headers["Pushlab-Cursor"]
        else:
            page = answer.json()
            for message in page["messages"]:
                print(message["data"], flush=True)
            after["after"] = page["cursor"]
    except requests.RequestException:
        time.sleep(0.3)
    time.sleep(float(os.environ["PAUSE"]))
