"""An application that is told who comes and who goes, and keeps a list.

    pushlab serve --presence-url http://127.0.0.1:8080 &
    python examples/presence.py 8080

The hub posts the form `from=<client ID>` to `/_ah/channel/connected/` and to
`/_ah/channel/disconnected/`, as App Engine did. Any 2xx is taken for yes. Who can be reached
by others checks that it is the hub's: `pushlab.channel_api.verify_presence`.
"""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

here: set[str] = set()


class Application(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        client = form["from"][0]
        if self.path == "/_ah/channel/connected/":
            here.add(client)
        elif self.path == "/_ah/channel/disconnected/":
            here.discard(client)
        print(f"{self.path} {client}; here: {', '.join(sorted(here)) or 'nobody'}", flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *about: object) -> None:
        """Say nothing of each request: `do_POST` does."""


server = HTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8080), Application)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
