"""An access log of polls whose truth is known: who asks how often, what comes, what is empty."""

import datetime
import gzip
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

__all__ = ["FORMS", "Truth", "lines", "write"]

START = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0 Safari"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The load.

    Attributes:
        in_vain: the share of polls that bring nothing; the others bring `messages` each.
        poisson: messages come at random times, so many in all as that makes.
        empty_bytes: of an answer that brings nothing; `empty_status`: its status.
        message_bytes: of each message, beside the empty answer's.
    """

    clients: int = 1000
    interval_s: float = 5.0
    span_s: float = 600.0
    in_vain: float = 0.81
    messages: int = 1
    poisson: bool = False
    empty_bytes: int = 13
    empty_status: int = 200
    message_bytes: int = 300
    seed: int = 1

    @property
    def rate_per_s(self) -> float:
        """Messages for each client, a second."""
        return (1 - self.in_vain) * self.messages / self.interval_s


Line = tuple[float, int, int, int]  #: when, whose, status, size


def lines(truth: Truth) -> Iterator[Line]:
    """All polls, in order of time."""
    rng = random.Random(truth.seed)
    phases = sorted(rng.uniform(0, truth.interval_s) for _ in range(truth.clients))
    cycle, mean = 0, truth.rate_per_s * truth.interval_s
    while (begin_s := cycle * truth.interval_s) < truth.span_s:
        for client, phase in enumerate(phases):
            count = 0
            if truth.poisson:
                count, left = 0, rng.expovariate(1.0)
                while left < mean:
                    count, left = count + 1, left + rng.expovariate(1.0)
            elif rng.random() >= truth.in_vain:
                count = truth.messages
            status = 200 if count else truth.empty_status
            empty = 0 if status == 204 else truth.empty_bytes
            yield begin_s + phase, client, status, empty + count * truth.message_bytes
        cycle += 1


@cache
def _address(client: int) -> str:
    return f"203.{client >> 16 & 255}.{client >> 8 & 255}.{client & 255}"


def _combined(line: Line, text: Callable[[float], str]) -> str:
    at_s, client, status, size = line
    agent = _agent(client % 20)
    return (
        f"{_address(client)} - ada [{text(at_s)} +0000]"
        f' "GET /api/poll?user=ada&token=SECRET{client} HTTP/1.1" {status} {size}'
        f' "https://example.com/inbox" "{agent}"\n'
    )


@cache
def _agent(kind: int) -> str:
    return _AGENT.format(100 + kind)


@lru_cache(maxsize=64)
def _second(at_s: int) -> str:
    return f"{START + datetime.timedelta(seconds=at_s):%d/%b/%Y:%H:%M:%S}"


def _clock(at_s: float) -> str:
    return _second(int(at_s))


def _iso(at_s: float) -> str:
    return (START + datetime.timedelta(seconds=at_s)).isoformat(timespec="milliseconds")


def _nginx_json(line: Line) -> str:
    at_s, client, status, size = line
    told = {
        "time_iso8601": _iso(at_s),
        "remote_addr": _address(client),
        "remote_user": "ada",
        "request_uri": f"/api/poll?user=ada&token=SECRET{client}",
        "status": str(status),
        "body_bytes_sent": str(size),
        "http_user_agent": _agent(client % 20),
    }
    return json.dumps(told) + "\n"


def _caddy(line: Line) -> str:
    at_s, client, status, size = line
    told = {
        "level": "info",
        "ts": START.timestamp() + at_s,
        "logger": "http.log.access",
        "msg": "handled request",
        "request": {
            "remote_ip": _address(client),
            "method": "GET",
            "host": "example.com",
            "uri": f"/api/poll?user=ada&token=SECRET{client}",
            "headers": {"User-Agent": [_agent(client % 20)], "Cookie": ["SECRET"]},
        },
        "user_id": "ada",
        "duration": 0.001,
        "size": size,
        "status": status,
    }
    return json.dumps(told) + "\n"


def _alb(line: Line) -> str:
    at_s, client, status, size = line
    agent = _agent(client % 20)
    time = (START + datetime.timedelta(seconds=at_s)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return (
        f"https {time} app/mine/50dc6c495c0c9188 {_address(client)}:{2000 + int(at_s) % 50000}"
        f" 10.0.0.1:80 0.000 0.001 0.000 {status} {status} 900 {size + 350 + client % 5}"
        f' "GET https://example.com:443/api/poll?user=ada&token=SECRET{client} HTTP/1.1" "{agent}"'
        " ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:x"
        f' "Root=1-58337262-36d228ad5d99923122bbe354" "example.com" "-" 0 {time}'
        ' "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"\n'
    )


def _cloudfront(line: Line) -> str:
    at_s, client, status, size = line
    time = START + datetime.timedelta(seconds=int(at_s))
    agent = _agent(client % 20).replace(" ", "%20")
    return "\t".join(
        [
            f"{time:%Y-%m-%d}",
            f"{time:%H:%M:%S}",
            "FRA2-C1",
            str(size + 350 + client % 5),
            _address(client),
            "GET",
            "d111.cloudfront.net",
            "/api/poll",
            str(status),
            "-",
            agent,
            f"user=ada&token=SECRET{client}",
            "-",
            "Miss\n",
        ]
    )


_FIELDS = (
    "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem"
    " sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type\n"
)

#: Each form's first lines, and what makes a line.
FORMS: dict[str, tuple[str, Callable[[Line], str]]] = {
    "combined": ("", lambda line: _combined(line, _clock)),
    "nginx-json": ("", _nginx_json),
    "caddy": ("", _caddy),
    "alb": ("", _alb),
    "cloudfront": (_FIELDS, _cloudfront),
}


def write(path: Path, truth: Truth, form: str = "combined", *, most: int | None = None) -> int:
    """Write a log, packed if its name ends so; how many lines it has.

    Args:
        most: lines; the load goes on until there are so many.
    """
    head, text = FORMS[form]
    packed = path.suffix == ".gz"
    count = 0
    with gzip.open(path, "wt", 1) if packed else path.open("w", encoding="utf-8") as file:
        file.write(head)
        for count, line in enumerate(lines(truth), 1):
            file.write(text(line))
            if count == most:
                break
    return count
