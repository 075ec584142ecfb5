"""An application written for App Engine's Channel API, moved: a counter that all pages share.

    pushlab serve --allow-origin http://127.0.0.1:8080 --presence-url http://127.0.0.1:8080
    python examples/moved_from_2011.py 8080          # with PUSHLAB_API_KEY, in another terminal

Four lines changed, and each says what it was. The rest is as it would have been written then.
"""

import sys
from urllib.parse import parse_qs
from uuid import uuid4
from wsgiref.simple_server import make_server

from pushlab import channel_api as channel  # was: from google.appengine.api import channel

hub = channel.ChannelService()  # new: App Engine had its hub in the house
players: list[str] = []
total = 0

PAGE = """<!doctype html><title>Counter</title>
<script src="%(hub)s/_ah/channel/jsapi"></script><!-- was: src="/_ah/channel/jsapi" -->
<p id="total">%(total)d</p>
<form method="post" action="/add" target="answer"><button>Add one</button></form>
<iframe name="answer" hidden></iframe>
<script>
  // was: new goog.appengine.Channel("%(token)s")
  var channel = new goog.appengine.Channel("%(token)s", {server: "%(hub)s"});
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
        body = (PAGE % {"hub": hub.url, "total": total, "token": token}).encode()
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [body]


with make_server("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8080, application) as web:
    print(f"http://127.0.0.1:{web.server_port}", flush=True)
    web.serve_forever()
