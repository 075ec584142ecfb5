"""Access logs of the old wire, as servers of that time wrote them, of a load that is known."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

START = datetime.datetime(2011, 11, 25, 12, 0, 0)


@dataclass(frozen=True)
class Line:
    """One request; `at_s` after the log's start, `size` of the answer's body."""

    at_s: float
    target: str
    size: int
    status: int = 200

    @property
    def time(self) -> datetime.datetime:
        return START + datetime.timedelta(seconds=self.at_s)


def _combined(one: Line) -> str:
    asked = f'[{one.time:%d/%b/%Y:%H:%M:%S} -0800] "GET {one.target} HTTP/1.1"'
    return f'203.0.113.7 - - {asked} {one.status} {one.size} "https://game.example/" "Mozilla/5.0"'


def _console(one: Line) -> str:
    """Of the SDK's second development server."""
    time = f"{one.time:%Y-%m-%d %H:%M:%S},{one.time.microsecond // 1000:03}"
    asked = f'"GET {one.target} HTTP/1.1" {one.status} {one.size}'
    return f"INFO     {time} module.py:612] default: {asked}"


def _first_console(one: Line) -> str:
    """Of the SDK's first one, which tells no sizes."""
    time = f"{one.time:%Y-%m-%d %H:%M:%S},{one.time.microsecond // 1000:03}"
    return f'INFO     {time} dev_appserver.py:4248] "GET {one.target} HTTP/1.1" {one.status} -'


def _app_engine(one: Line) -> str:
    """Of App Engine in production, where answers' sizes have their heads in them."""
    asked = f'[{one.time:%d/%b/%Y:%H:%M:%S} +0000] "GET {one.target} HTTP/1.1"'
    rest = '"-" "Mozilla/5.0" "game.appspot.com" ms=12 cpu_ms=0 instance=00c61b'
    return f"203.0.113.7 - - {asked} {one.status} {one.size + 124} {rest}"


FORMATS: dict[str, Callable[[Line], str]] = {
    "combined": _combined,
    "console": _console,
    "app-engine": _app_engine,
    "first-console": _first_console,
}


def token(user: int) -> str:
    return f"channel-26-SECRET{user:04}-{1322222222 + user}-player{user}"


def polls(
    *, users: int = 10, span_s: float = 60, interval_s: float = 0.5, rate_per_s: float = 0.2
) -> list[Line]:
    """What so many users ask, each getting messages at Poisson times; and other lines."""
    rng, found = Random(1), []
    for user in range(users):
        asked = f"/_ah/channel/dev?command=%s&channel={token(user)}&client={user}"
        at_s, due_s, waiting = rng.uniform(0, interval_s), rng.expovariate(rate_per_s), 0
        found.append(Line(at_s, asked % "connect", 1))
        while at_s < span_s:
            while due_s < at_s:
                due_s, waiting = due_s + rng.expovariate(rate_per_s), waiting + 1
            found.append(Line(at_s, asked % "poll", 100 if waiting else 0))
            at_s, waiting = at_s + interval_s, max(0, waiting - 1)
    found += [Line(rng.uniform(0, span_s), "/move?i=4", 12) for _ in range(50)]
    return sorted(found, key=lambda one: one.at_s)


def write(path: Path, lines: list[Line], form: str = "combined") -> Path:
    path.write_text("".join(FORMATS[form](one) + "\n" for one in lines))
    return path
