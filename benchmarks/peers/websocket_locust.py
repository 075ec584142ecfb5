"""Locust with websocket-client: a user for each connection, a request event for each message.

That is how Locust's documentation tests what is not HTTP, and how locust-plugins' users do it.
"""

import gevent.monkey

gevent.monkey.patch_all()

import functools  # noqa: E402
import itertools  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import websocket  # noqa: E402
from locust import User, main, task  # noqa: E402

from benchmarks.peers.checking import Reader  # noqa: E402
from benchmarks.peers.counting import READY, arguments, read_work  # noqa: E402

_next = itertools.count()


@functools.cache
def told() -> tuple[memoryview, dict[str, Any]]:
    """The board and the work, named in the environment: Locust reads the arguments itself."""
    return read_work(os.environ["BENCH_BOARD"], os.environ["BENCH_WORK"])


class Subscriber(User):
    """Reads one connection for as long as it lives."""

    @task
    def read(self) -> None:
        board, work = told()
        subscriber = work["subscribers"][next(_next)]
        reader = Reader(board)
        socket = websocket.create_connection(
            subscriber["url"],
            header={"Authorization": f"Bearer {subscriber['token']}"},
        )
        socket.recv()  # where it stands
        board[READY] += 1
        fire = self.environment.events.request.fire
        while True:
            message = socket.recv()
            reader.take_frame(message)
            fire(
                request_type="WSR",
                name="message",
                response_time=0,
                response_length=len(message),
                exception=None,
                context=self.context(),
            )


def run() -> None:
    """``locust --headless`` with this file."""
    os.environ["BENCH_BOARD"], os.environ["BENCH_WORK"] = sys.argv[1:3]
    _, work = arguments()
    clients = str(len(work["subscribers"]))
    sys.argv = ["locust", "-f", str(Path(__file__)), "--headless", "--only-summary"]
    sys.argv += ["-u", clients, "-r", clients, "-t", "10m"]
    main.main()


if __name__ == "__main__":
    run()
