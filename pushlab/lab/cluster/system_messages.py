"""What is told to a system on a worker, and what it tells when it runs."""

from dataclasses import dataclass, field

from pushlab.systems.publishing import HttpPublishing, MqttPublishing
from pushlab.systems.spec import SystemSpec
from pushlab.systems.system import Beside, Wanted, Watched

__all__ = ["SystemSetup", "SystemStarted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSetup:
    """Which system is to be started.

    Attributes:
        system: its name; `own`: its declaration, where it is the user's.
    """

    system: str
    own: SystemSpec | None
    wanted: Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemStarted:
    """What `Started` and its `ServerApi` say of themselves; it holds secrets.

    Attributes:
        error, text: the name of the error and its words, if it does not start.
        http, mqtt: how the publisher sends, by the one that is not None.
        broker: kind and version of the one that was started beside it; `backplane`: the same.
    """

    error: str = ""
    text: str = ""
    url: str = ""
    http: HttpPublishing | None = field(default=None, repr=False)
    mqtt: MqttPublishing | None = field(default=None, repr=False)
    stamp_key: int | None = None
    watched: dict[str, Watched] = field(default_factory=dict)
    unwatched: str = ""
    broker: tuple[str, str] | None = None
    backplane: Beside | None = None
    authority: str | None = None
    fresh: bool = True
    version: str = ""
    clock_port: int = 0
