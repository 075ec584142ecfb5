"""Notices and handlers of 2011: whatever those answer, nothing is lost and nobody is late.

The application is of that time too: WSGI, one request after another, 404 where nothing is
registered, the client ID in the form as ``from``.
"""

import asyncio
import contextlib
import threading
import time
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

import pushlab
from pushlab.brokers.start import start_broker
from pushlab.contract.registry import transport_names
from pushlab.hub.presence.posts import PresencePoster
from pushlab.hub.presence.presence import Presence
from tests.live_hub import live_hub
from tests.patience import PATIENCE_S

CONNECTED, DISCONNECTED = "/_ah/channel/connected/", "/_ah/channel/disconnected/"


class Server(WSGIServer):
    request_queue_size = 64  # else the kernel makes those wait who come at once


class Quiet(WSGIRequestHandler):
    def log_message(self, *said):
        pass


class Application:
    """Routes as webapp had them: from a path to what is done for a client ID.

    Attributes:
        heard: the handlers that have done their work, and for whom, in order.
        missed: paths that were asked for and have none.
    """

    def __init__(self, routes):
        self.routes, self.heard, self.missed = routes, [], []

    @contextlib.contextmanager
    def serving(self):
        server = make_server("127.0.0.1", 0, self, server_class=Server, handler_class=Quiet)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        path, handler = environ["PATH_INFO"], self.routes.get(environ["PATH_INFO"])
        assert environ["REQUEST_METHOD"] == "POST"
        assert environ["CONTENT_TYPE"] == "application/x-www-form-urlencoded"
        if handler is None:
            self.missed.append(path)
            line = "404 Not Found"
        else:
            client_id = parse_qs(body.decode())["from"][0]
            line = handler(client_id) or "200 OK"
            if not line.startswith("5") and "login" not in line:
                self.heard.append((path, client_id))
        headers = [("Content-Type", "text/html"), ("Location", "http://127.0.0.1/elsewhere")]
        start_response(line, headers[: 2 if line.startswith("3") else 1])
        return [b""]

    async def until_heard(self, count):
        async with asyncio.timeout(PATIENCE_S):
            while len(self.heard) < count:  # noqa: ASYNC110 - it is in another thread
                await asyncio.sleep(0.005)

    def told_of(self, client_id):
        return [path for path, who in self.heard if who == client_id]


def done(client_id):
    """A handler that does its work, and says nothing."""


async def test_each_coming_and_going_over_every_transport_is_heard_once_and_in_order():
    both = {CONNECTED: done, DISCONNECTED: done}
    application = Application(both)
    with application.serving() as url:
        async with (
            await start_broker("auto") as broker,
            live_hub(transports=None, presence_url=url, broker=broker.access) as hub,
        ):
            names = transport_names()
            assert len(names) >= 6

            async def come_and_go(name):
                token = await hub.token(f"{name} é&=+%")  # a client ID may be anything
                async with pushlab.connect(hub.url, token, transport=name):
                    await hub.until_present(f"{name} é&=+%", [f"{name} é&=+%"])

            for _ in range(2):
                await asyncio.gather(*map(come_and_go, names))
            await application.until_heard(4 * len(names))
            for name in names:
                assert application.told_of(f"{name} é&=+%") == [CONNECTED, DISCONNECTED] * 2
            application.heard.clear()
            del both[CONNECTED]  # the other old application: it registers only one of them
            await asyncio.gather(*map(come_and_go, names))
            await application.until_heard(len(names))
            figures = (await hub.api("GET", "/v1/stats")).json["presence_posts"]
    assert sorted(application.heard) == sorted((DISCONNECTED, f"{name} é&=+%") for name in names)
    assert application.missed == [CONNECTED] * len(names)
    assert (figures["refused"], figures["failed"]) == (len(names), 0)


#: What a handler for "connected" answered, and whether the work was done for each client.
ODD = {
    "redirects behind its work": (lambda who: "302 Found", True),
    "sends to a login": (lambda who: "302 to a login", False),
    "crashes": (lambda who: "500 Internal Server Error", False),
    "takes its time": (lambda who: time.sleep(0.05), True),
}


@pytest.mark.parametrize(("answer", "works"), ODD.values(), ids=ODD)
async def test_an_odd_handler_for_connected_does_not_keep_the_other_from_its_notices(answer, works):
    application = Application({CONNECTED: answer, DISCONNECTED: done})
    presence, clients = Presence(), [f"c{number}" for number in range(12)]
    with application.serving() as url:
        poster = PresencePoster(url, key="of both", first_pause_s=0.01, broken_after_s=0.1)
        poster.watch(presence)
        posting = asyncio.create_task(poster.run())
        try:
            for client_id in clients[:6]:
                presence.join(client_id, client_id)
            await asyncio.sleep(0.1)  # some are told of, some leave before they could be
            for client_id in clients[6:]:
                presence.join(client_id, client_id)
            for client_id in clients:
                presence.leave(client_id, client_id)
            await poster.drain(PATIENCE_S)
        finally:
            posting.cancel()
            await asyncio.gather(posting, return_exceptions=True)
    for client_id in clients:
        assert application.told_of(client_id) == [CONNECTED] * works + [DISCONNECTED], client_id
    assert poster.figures()["waiting"] == 0
