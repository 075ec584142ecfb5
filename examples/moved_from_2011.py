"""An application written for App Engine's Channel API, moved: a counter that all pages share.

    pushlab serve --allow-origin http://127.0.0.1:8080 --presence-url http://127.0.0.1:8080
    python examples/moved_from_2011.py 8080          # with PUSHLAB_API_KEY, in another terminal

Its page loads the script from the hub's address. The rest is as it would have been written then.
"""

import os
import sys
from urllib.parse import parse_qs
from uuid import uuid4
from wsgiref.simple_server import make_server

from google.appengine.api import channel

HUB = os.environ.get("PUSHLAB_HUB", "http://127.0.0.1:8000")
players: list[str] = []
total = 0

PAGE = """<!doctype html><title>Counter</title>
<script src="%(hub)s/_ah/channel/jsapi"></script>
<p id="total">%(total)d</p>
<form method="post" action="/add" target="answer"><button>Add one</button></form>
<iframe name="answer" hidden></iframe>
<script>
  var channel = new goog.appengine.Channel("%(token)s");
  var socket = channel.open();
  socket.onmessage = function (message) {
    document.getElementById("total").textContent = message.data;
  };
</script>"""


def application(environ, start_response):
    global total
    path, body = environ["PATH_INFO"], b""
    if environ["REQUEST_METHOD"] == "POST":
        size = int(environ.get("CONTENT_LENGTH") or 0)
        form = parse_qs(environ["wsgi.input"].read(size).decode())
        if path == "/add":
            total += 1
            for player in players:
                channel.send_message(player, str(total))
        elif path == "/_ah/channel/disconnected/" and form["from"][0] in players:
            players.remove(form["from"][0])
    elif path == "/":
        player = str(uuid4())
        token = channel.create_channel(player)
        players.append(player)
        body = (PAGE % {"hub": HUB, "total": total, "token": token}).encode()
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [body]


with make_server("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8080, application) as web:
    print(f"http://127.0.0.1:{web.server_port}", flush=True)
    web.serve_forever()
