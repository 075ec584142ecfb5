"""What can be set in the race, and what all its hubs have in common."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pushlab.contract.setting import Declared, Setting, keys_of
from pushlab.web.members import now_ms
from pushlab.web.texts import taken

__all__ = ["Settings", "Setup"]


@dataclass(frozen=True, slots=True)
class Settings(Declared):
    """What can be set."""

    rate_per_s: Annotated[
        float,
        Setting("of messages, on average; 0: nothing is published", unit="1/s", least=0, most=50),
    ] = 0.5
    poll_interval_s: Annotated[float, Setting("of a poll", unit="s", least=0.1, most=60)] = 1.0
    payload_bytes: Annotated[int, Setting("of a message", unit="bytes", least=60, most=32_000)] = (
        200
    )
    clients: Annotated[int, Setting("in a lane, the page counted", least=1, most=200)] = 1
    one_way_ms: Annotated[float, Setting("of the link", unit="ms", least=0, most=1_000)] = 0.0

    @staticmethod
    def bounds() -> dict[str, tuple[float | None, float | None]]:
        """From where to where each number goes."""
        numbers = {name: key.setting for name, key in keys_of(Settings).items() if key.is_number}
        return {name: (setting.least, setting.most) for name, setting in numbers.items()}

    def changed(self, changes: Mapping[str, Any]) -> "Settings":
        """These settings with changes. Raises Refused (400 `bad-setting`)."""
        return dataclasses.replace(self, **taken(Settings, changes))


@dataclass(frozen=True, slots=True)
class Setup:
    """What counts at all hubs of one race.

    Of two hubs' the later one counts; of two that were made at once, one of them, the same at all.
    Hubs that have just come agree on that of the first.

    Attributes:
        version: how many changes have led here.
        by: the hub that made the last one.
        resets: how often a comparison began; `since_ms`: when it did the last time, on the wall
            clock; `since_n`: the last message that was published before.
        locked: whether the presenter alone may change anything.
    """

    version: int = 0
    by: str = ""
    settings: Settings = field(default_factory=Settings)
    resets: int = 0
    since_ms: float = field(default_factory=now_ms)
    since_n: int = 0
    locked: bool = False

    def after(self, other: "Setup") -> bool:
        """Whether this one counts beside another."""
        mine, its = ((each.version, -each.since_ms, each.by) for each in (self, other))
        return mine > its

    def changed(self, by: str, **changes: Any) -> "Setup":
        """The next one."""
        return dataclasses.replace(self, version=self.version + 1, by=by, **changes)

    def to_json(self) -> dict[str, Any]:
        """As one hub tells it to another."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "Setup":
        """The inverse of `to_json`."""
        return cls(**{**told, "settings": Settings(**told["settings"])})
