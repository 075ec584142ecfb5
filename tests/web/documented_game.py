"""The application of App Engine's documentation: its calls in their shapes, and the page's.

A game of three in a row on a server of its own, which has the hub's address and key on its standard
input. Its pages load the script from the hub. X sets its handlers on the socket, as the overview of
the Channel API had it; O hands them to `open`, as the sample's own page did.
"""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from google.appengine.api import channel

PAGE = """<html>
<head><script src='%(hub)s/_ah/channel/jsapi'></script></head>
<body>
<script type='text/javascript'>
  var state = {board: '', winner: '', left: ''};
  var query = '?g=%(game)s&me=%(me)s';
  var connected = false;
  var errors = [];
  post = function(path) {
    var request = new XMLHttpRequest();
    request.open('POST', path, true);
    request.send();
  };
  move = function(square) { post('/move' + query + '&i=' + square); };
  onOpened = function() {
    connected = true;
    post('/opened' + query);
  };
  onMessage = function(m) {
    var told = JSON.parse(m.data);
    for (var name in told) { state[name] = told[name]; }
  };
  onError = function(error) { errors.push(error.code + ' ' + error.description); };
  onClose = function() { connected = false; errors.push('closed'); };
</script>
<script>
  channel = new goog.appengine.Channel('%(token)s');
  if ('%(me)s' == 'X') {
    socket = channel.open();
    socket.onopen = onOpened;
    socket.onmessage = onMessage;
    socket.onerror = onError;
    socket.onclose = onClose;
  } else {
    var handler = {
      'onopen': onOpened,
      'onmessage': onMessage,
      'onerror': onError,
      'onclose': onClose
    };
    var socket = channel.open(handler);
  }
</script>
</body>
</html>
"""
ROWS = ("012", "345", "678", "036", "147", "258", "048", "246")


class Game:
    """One game; its key and a player's name make a client ID."""

    def __init__(self, key):
        self.key = key
        self.board = [" "] * 9
        self.tokens = {}

    def token(self, me):
        if me == "X":
            self.tokens[me] = channel.create_channel(me + self.key)
        else:
            self.tokens[me] = channel.create_channel(me + self.key, duration_minutes=60)
        return self.tokens[me]

    def send_update(self, **more):
        won = [
            self.board[int(row[0])] for row in ROWS if len({self.board[int(i)] for i in row}) == 1
        ]
        winner = "".join(mark for mark in won if mark != " ")
        message = json.dumps({"board": "".join(self.board), "winner": winner, **more})
        channel.send_message("X" + self.key, message)
        if "O" in self.tokens:
            channel.send_message(self.tokens["O"], message)


GAMES = {}
NOTICES = []
ONE_AT_A_TIME = threading.Lock()


class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        with ONE_AT_A_TIME:
            self.answer(self.get(urlsplit(self.path).path, self.asked(urlsplit(self.path).query)))

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with ONE_AT_A_TIME:
            where = urlsplit(self.path)
            self.post(where.path, {**self.asked(where.query), **self.asked(body)})
            self.answer("")

    def get(self, path, request):
        if path == "/notices":
            return json.dumps(NOTICES)
        game = GAMES.setdefault(request["g"], Game(request["g"]))
        told = {"hub": os.environ["PUSHLAB_HUB"], "game": game.key, "me": request["me"]}
        return PAGE % {**told, "token": game.token(request["me"])}

    def post(self, path, request):
        if path.startswith("/_ah/channel/"):
            client_id = request.get("from")
            what = path.split("/")[-2]
            NOTICES.append([what, client_id])
            if what == "disconnected" and client_id[1:] in GAMES:
                GAMES[client_id[1:]].send_update(left=client_id[0])
            return
        game = GAMES[request["g"]]
        if path == "/move":
            game.board[int(request["i"])] = request["me"]
        game.send_update()

    def asked(self, query):
        return {name: values[0] for name, values in parse_qs(query).items()}

    def answer(self, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    print(server.server_address[1], flush=True)
    os.environ["PUSHLAB_HUB"], os.environ["PUSHLAB_API_KEY"] = sys.stdin.readline().split()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
