"""Debian's Chromium: WHAT is EventSource, which comes back by itself, or WebSocket."""

import os
import shutil

from playwright.sync_api import sync_playwright

_EVENT_SOURCE = """({token}) => {
  const source = new EventSource(`/v1/events?token=${token}`);
  source.onmessage = (event) => { if (event.data) take(event.data); };
}"""
_WEB_SOCKET = """({token}) => {
  let after = "";
  const open = () => {
    const place = location.origin.replace("http", "ws");
    const socket = new WebSocket(`${place}/v1/socket?token=${token}${after}`);
    socket.onmessage = ({ data }) => {
      const space = data.indexOf(" ");
      after = `&after=${space < 0 ? data : data.slice(0, space)}`;
      if (space > 0) take(data.slice(space + 1));
    };
    socket.onclose = () => setTimeout(open, 300);
  };
  open();
}"""

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path=shutil.which("chromium"), args=["--no-sandbox", "--no-proxy-server"]
    )
    page = browser.new_page(bypass_csp=True)
    page.goto(os.environ["HUB"] + "/healthz")
    page.expose_function("take", lambda text: print(text, flush=True))
    script = _EVENT_SOURCE if os.environ["WHAT"] == "EventSource" else _WEB_SOCKET
    page.evaluate(script, {"token": os.environ["TOKEN"]})
    while True:
        page.wait_for_timeout(1_000)
