"""Every error that pushlab raises on purpose, in one tree.

::

    PushlabError
    ├── UsageError               what was asked for is wrong; the text says what would be right
    │   ├── InvalidClientId      not text, empty, or over 256 bytes of UTF-8
    │   ├── InvalidChannel       not text, empty, or over 256 bytes of UTF-8
    │   ├── InvalidMessage       not text, empty, or over 32,767 bytes of UTF-8
    │   ├── InvalidDuration      not a whole number of minutes from 1 to 1440
    │   ├── InvalidCursor        not a cursor that a server gave out
    │   ├── UnknownTransport     no such transport; the text lists the known ones
    │   ├── MissingExtra         an optional package is not installed; the text says which
    │   ├── ScenarioError        a scenario that cannot be run; the text has file and key
    │   └── RunError             a run folder that cannot be read
    │       └── NewerSchema      ... because a newer pushlab wrote it
    ├── ForgedNotice             no hub with this key sent the presence notice, or not just now
    ├── Refused                  a hub said no: `status`, `reason`
    ├── Stopped                  a signal ended it; the text says where what there is is kept
    ├── ConnectionFailed         no connection to the hub or the broker
    └── SetupError               this machine cannot do it now
        ├── PortInUse            the address to listen on is taken
        ├── BrokerUnavailable    the MQTT broker is absent, down, or lets nobody in
        ├── BackplaneUnavailable what carries messages between hubs is absent, down, or locked
        ├── BrowserUnavailable   no Chromium is installed, or it does not run
        ├── NotWritten           the disk did not take it; the text says what is kept
        ├── HubFailed            the hub's process did not start, or died
        ├── NotEnoughDescriptors more connections than this process may open
        └── CannotResolve        it is too busy to tell apart what a strict run asks for

`pushlab.channel_api` has App Engine's names for three of them, and whatever it raises is also an
`Error` of its own, as it was there.

A library's exception is translated where it enters, with ``raise ... from``. A delivery that is
lost or late is data, never an exception.
"""

__all__ = [
    "BackplaneUnavailable",
    "BrokerUnavailable",
    "BrowserUnavailable",
    "CannotResolve",
    "ConnectionFailed",
    "ForgedNotice",
    "HubFailed",
    "InvalidChannel",
    "InvalidClientId",
    "InvalidCursor",
    "InvalidDuration",
    "InvalidMessage",
    "MissingExtra",
    "NewerSchema",
    "NotEnoughDescriptors",
    "NotWritten",
    "PortInUse",
    "PushlabError",
    "Refused",
    "RunError",
    "ScenarioError",
    "SetupError",
    "Stopped",
    "UnknownTransport",
    "UsageError",
]


class PushlabError(Exception):
    """The root: catch this to catch everything that pushlab raises on purpose."""


class UsageError(PushlabError, ValueError):
    """What was asked for is wrong; the text says what would be right."""


class InvalidClientId(UsageError):
    """A client ID that is not text, is empty, or is over 256 bytes of UTF-8."""


class InvalidChannel(UsageError):
    """A channel name that is not text, is empty, or is over 256 bytes of UTF-8."""


class InvalidMessage(UsageError):
    """A message that is not text, is empty, or is over 32,767 bytes of UTF-8."""


class InvalidDuration(UsageError):
    """A token's life that is not a whole number of minutes from 1 to 1440."""


class InvalidCursor(UsageError):
    """A cursor that no server of this channel gave out."""


class UnknownTransport(UsageError):
    """No transport of that name is installed."""


class MissingExtra(UsageError):
    """A feature needs an optional package that is not installed."""


class ScenarioError(UsageError):
    """A scenario that cannot be run; the text names the file and the key."""


class RunError(UsageError):
    """A run folder that is missing, incomplete or damaged."""


class NewerSchema(RunError):
    """A run folder that a newer version of pushlab wrote."""


class Refused(PushlabError):
    """A hub refused a request.

    Attributes:
        status: the HTTP status (400, 401, 403, 404, 413, 429, 503, 507).
        reason: one word for programs, such as ``token-expired``.
    """

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["Refused"], tuple[int, str, str]]:
        return type(self), (self.status, self.reason, self.detail)  # into another process

    def to_json(self) -> dict[str, str | int]:
        """The body of an HTTP answer that says so."""
        return {"error": self.reason, "detail": self.detail, "status": self.status}


class ForgedNotice(PushlabError):
    """A presence notice that no hub with this key sent, or not just now."""


class ConnectionFailed(PushlabError):
    """The hub or the broker could not be reached."""


class Stopped(PushlabError):
    """A signal ended it before its end; the text says where that is kept which there is."""


class SetupError(PushlabError):
    """This machine cannot do now what was asked."""


class PortInUse(SetupError):
    """The address to listen on is taken."""


class BackplaneUnavailable(SetupError):
    """What carries messages between hubs is absent, does not answer, or lets nobody in."""


class BrokerUnavailable(SetupError):
    """The MQTT broker is not installed, is down, or lets nobody in."""


class BrowserUnavailable(SetupError):
    """No Chromium is installed, or it does not run."""


class NotWritten(SetupError):
    """The disk did not take what was to be kept: it is full, or its folder cannot be written to."""


class HubFailed(SetupError):
    """The hub's process did not start, or died."""


class NotEnoughDescriptors(SetupError):
    """More connections than this process may have open at once."""


class CannotResolve(SetupError):
    """The machine is too busy now to tell apart what a strict run asks for."""
