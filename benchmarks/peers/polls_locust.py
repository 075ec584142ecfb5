"""Locust polls with FastHttpUser: a locustfile, and the command that runs it headless."""

import gevent.monkey

gevent.monkey.patch_all()

import functools  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from locust import FastHttpUser, constant, main, task  # noqa: E402

from benchmarks.peers.counting import ERRORS, WORK, arguments, read_work  # noqa: E402


@functools.cache
def told() -> tuple[memoryview, dict[str, Any]]:
    """The board and the work, named in the environment: Locust reads the arguments itself."""
    return read_work(os.environ["BENCH_BOARD"], os.environ["BENCH_WORK"])


class Poller(FastHttpUser):
    """Asks again as soon as it has an answer."""

    wait_time = constant(0)

    def on_start(self) -> None:
        self.board, work = told()
        self.path, self.wanted = work["path"], work["cursor"]
        self.own_headers = {"Authorization": f"Bearer {work['token']}"}

    @task
    def poll(self) -> None:
        response = self.client.get(self.path, headers=self.own_headers, name="poll")
        if response.status_code == 204 and response.headers["Pushlab-Cursor"] == self.wanted:
            self.board[WORK] += 1
        else:
            self.board[ERRORS] += 1


def run() -> None:
    """``locust --headless`` with this file."""
    os.environ["BENCH_BOARD"], os.environ["BENCH_WORK"] = sys.argv[1:3]
    _, work = arguments()
    clients = str(work["clients"])
    sys.argv = ["locust", "-f", str(Path(__file__)), "--headless", "--only-summary"]
    sys.argv += ["-u", clients, "-r", clients, "-H", work["url"], "-t", "10m"]
    main.main()


if __name__ == "__main__":
    run()
