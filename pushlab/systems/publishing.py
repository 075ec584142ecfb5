"""How a publisher sends, as data: the publisher is a process of its own, and is told by JSON."""

import json
import os
import re
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from pushlab.errors import UsageError
from pushlab.wire.http1 import request_bytes

__all__ = ["HttpPublishing", "MqttPublishing", "Publishing", "fill", "is_json", "variables_in"]

_JSON = re.compile(r'\s*(\{\s*"|\[)')
_PLACE = re.compile(r"\{(env\.)?([A-Za-z_][A-Za-z0-9_]*)\}")


def fill(template: str, **words: str) -> str:
    """A template with its places filled; braces that name no place stay as they are.

    Raises:
        UsageError: a variable of the environment is not set.
    """

    def word(place: "re.Match[str]") -> str:
        of_environment, name = place[1], place[2]
        if not of_environment:
            return words.get(name, place[0])
        if name not in os.environ:
            raise UsageError(f"{place[0]}: the environment has no variable {name}")
        return os.environ[name]

    return _PLACE.sub(word, template)


def is_json(body: str) -> bool:
    """Whether a template of a body is JSON, so that what stands within it is escaped."""
    return _JSON.match(body) is not None


def variables_in(template: str) -> list[str]:
    """The names of the variables of the environment that a template names."""
    return [name for of_environment, name in _PLACE.findall(template) if of_environment]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPublishing:
    """A request for each message.

    Attributes:
        url: the server's, as ``http://host:port`` (or https).
        path, body, headers: templates, see `pushlab.systems.spec`. A body that is JSON is called
            so, unless the headers call it otherwise.
        numbers: whether the server's answer tells the message's number (``seq``) and when it was
            taken (``accepted_ns``), as the hub's does; else the laboratory numbers by the stamp,
            and any answer of 2xx is one that took it.
        authority: whom to trust if the server is encrypted, as a PEM certificate.
    """

    url: str
    method: str = "POST"
    path: str = "/{channel}"
    body: str = "{message}"
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    numbers: bool = False
    authority: str | None = None

    def request(self, channel: str, size: int) -> tuple[bytes, bytes]:
        """What of a request comes before a message of `size` bytes, and what behind it."""
        before, found, behind = self.body.partition("{message}")
        assert found, "checked where it was read"
        as_json = is_json(self.body)
        spelled = json.dumps(channel)[1:-1] if as_json else channel
        head, tail = (fill(part, channel=spelled).encode() for part in (before, behind))
        headers = {name: fill(value, channel=channel) for name, value in self.headers.items()}
        if as_json and "content-type" not in map(str.lower, headers):
            headers["Content-Type"] = "application/json"
        request = request_bytes(
            urlsplit(self.url).netloc.rpartition("@")[2],
            self.method,
            fill(self.path, channel=quote(channel, safe="")),
            headers=headers,
            body=head + b"0" * size + tail,
        )
        end = len(request) - len(tail)
        return request[: end - size], request[end:]


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttPublishing:
    """A PUBLISH with an acknowledgement for each message.

    Attributes:
        url: ``mqtt://host:port``, or ``mqtts:``.
        topic, body, user, password: templates, see `pushlab.systems.spec`; without a user it logs
            in as nobody.
    """

    url: str
    topic: str = "{channel}"
    body: str = "{message}"
    user: str = ""
    password: str = field(default="", repr=False)

    def topic_of(self, channel: str) -> str:
        """Where the messages of a channel are published."""
        return fill(self.topic, channel=channel)

    def around(self, channel: str) -> tuple[bytes, bytes]:
        """What of a payload comes before a message, and what behind it."""
        head, found, tail = self.body.partition("{message}")
        assert found, "checked where it was read"
        return fill(head, channel=channel).encode(), fill(tail, channel=channel).encode()

    @property
    def login(self) -> tuple[str, str] | None:
        """User name and password; None: nobody's."""
        return (fill(self.user), fill(self.password)) if self.user else None


Publishing = HttpPublishing | MqttPublishing
