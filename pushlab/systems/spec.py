"""What a system is, as plain declarations: what a file of `systems/` and the user's TOML both say.

Texts may hold ``{channel}`` (the channel's name), ``{client}`` (the subscriber's), ``{message}``,
``{last_id}``, ``{port}`` (and ``{port2}`` to ``{port4}``: free ones), ``{host}`` (where to listen),
``{python}`` (the interpreter in use), ``{folder}`` (the system's own in servers/), ``{scratch}`` (a
folder that goes with the trial) and ``{env.NAME}``, which is read where it is used and never
written down.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Annotated, Any, Literal

from pushlab.contract.setting import Declared, Setting

__all__ = ["MINE", "Publish", "Speech", "SystemSpec", "texts_of"]

MINE = "mine"  #: the user's own system, whatever its name

_PORT = Setting(
    "where it listens, if not at {port}: a number or {port2} to {port4}",
    pattern=r"^(\{port[2-4]?\}|[0-9]{1,5})\Z",
    such="a number such as '8080', {port}, or {port2} to {port4}",
    flag=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish(Declared):
    """How a message is published to a channel."""

    protocol: Annotated[Literal["http", "mqtt"], Setting("what publishes", flag=False)] = "http"
    method: Annotated[str, Setting("of the request", flag=False)] = "POST"
    path: Annotated[str, Setting("where to: a path with {channel}", flag=False)] = "/{channel}"
    topic: Annotated[str, Setting("of MQTT: where to, with {channel}", flag=False)] = "{channel}"
    body: Annotated[str, Setting("what is sent, with {message}", flag=False)] = "{message}"
    port: Annotated[str, _PORT] = "{port}"
    user: Annotated[str, Setting("of MQTT: who logs in; empty: nobody", flag=False)] = ""
    password: Annotated[str, Setting("of MQTT", flag=False)] = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech(Declared):
    """How a system speaks one transport.

    Attributes:
        headers: that a client sends with its request or handshake.
    """

    path: Annotated[str, Setting("path with {channel}, {client} or {last_id}", flag=False)] = (
        "/{channel}"
    )
    topic: Annotated[
        str, Setting("of MQTT: the topic filter; of NATS: the subject", flag=False)
    ] = "{channel}"
    user: Annotated[str, Setting("of MQTT and NATS: who logs in; empty: nobody", flag=False)] = ""
    password: Annotated[str, Setting("of MQTT and NATS", flag=False)] = ""
    hello: Annotated[str, Setting("the first text of a WebSocket's client", flag=False)] = ""
    subprotocol: Annotated[str, Setting("that a WebSocket's client offers", flag=False)] = ""
    last_id: Annotated[
        str,
        Setting(
            "where a reader's place stands: '$.last' in JSON, 'header:Name', 'validators' (ETag and"
            " Last-Modified), 'id' of an event; empty: nowhere",
            flag=False,
        ),
    ] = ""
    first_id: Annotated[str, Setting("{last_id} before the first answer", flag=False)] = ""
    port: Annotated[str, _PORT] = "{port}"
    one_by_one: Annotated[
        bool,
        Setting("a poll's answer holds one message; the next is asked for at once", flag=False),
    ] = False
    hold_s: Annotated[
        float,
        Setting(
            "how long a long poll is held; 0: not known", unit="s", least=0, most=3600, flag=False
        ),
    ] = 0.0
    keep_alive_s: Annotated[
        float, Setting("the server's; 0: none is known", unit="s", least=0, most=3600, flag=False)
    ] = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSpec(Declared):
    """A system that is described, not programmed.

    Attributes:
        publish: how a message gets in.
        speaks: by the transport's name, how one gets out.
        folder: in which it is started; empty: of servers/, the one of its name.
    """

    name: Annotated[
        str,
        Setting(
            "names it in tables; the file's name is its own unless this says another",
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z",
            such="a name of letters, digits, -, . and _",
            flag=False,
        ),
    ] = MINE
    title: Annotated[str, Setting("how charts name it", flag=False)] = ""
    start: Annotated[str, Setting("the command, with {port}", flag=False)] = ""
    ready_within_s: Annotated[
        float, Setting("the longest that starting takes", unit="s", above=0, most=600, flag=False)
    ] = 30.0
    url: Annotated[str, Setting("attach to this instead of starting", flag=False)] = ""
    ready: Annotated[
        str, Setting("a path that answers when it is ready; empty: its port is open", flag=False)
    ] = ""
    pid: Annotated[int, Setting("of the server that is attached to", least=0, flag=False)] = 0
    metrics: Annotated[
        str, Setting("a Prometheus address to read CPU and memory from", flag=False)
    ] = ""
    publish: Publish = field(default_factory=Publish)
    speaks: Mapping[str, Speech] = field(default_factory=dict)
    folder: str = ""

    @property
    def encrypted(self) -> bool:
        """Whether every connection to it is."""
        return self.url.startswith(("https:", "mqtts:"))


def texts_of(table: Any, above: str = "") -> Iterator[tuple[str, str]]:
    """All texts of a spec or a table of it, each with its key, such as ``publish.path``."""
    if isinstance(table, str):
        yield above, table
    elif is_dataclass(table):
        for one in fields(table):
            inner = "" if one.name == "speaks" else one.name
            yield from texts_of(getattr(table, one.name), ".".join(filter(None, (above, inner))))
    elif isinstance(table, Mapping):
        for name, value in table.items():
            yield from texts_of(value, f"{above}.{name}" if above else name)
