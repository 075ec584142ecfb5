"""What a suite is: cases with what their standard wants, and what was seen of each.

To add a case, add a row to its suite's table of cases. To add a suite, subclass `Suite` in a room
of its own and name the class in `conformance.catalogue`.
"""

import abc
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

__all__ = ["NotRun", "Suite", "Tell", "Verdict"]

#: Says in a few words what is being done.
Tell = Callable[[str], None]


class NotRun(Exception):
    """A suite, or a case, cannot run here; the text is the reason, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was seen of one case.

    Attributes:
        case: its name, unique within the suite.
        group: cases of one kind, such as a section of the standard.
        source: where the standard says so, such as ``RFC 9112, 6.1``.
        wanted, seen: what is right, and what pushlab did, in the suite's own short words.
        right: whether they agree; None when the case was not run, and `seen` says why.
        known: why it is not right, for what is known and let stand; such a case is not *worse*.
        others: what the suite's other columns did with the same case.
    """

    case: str
    group: str = ""
    source: str = ""
    wanted: str = ""
    seen: str = ""
    right: bool | None
    known: str = ""
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def worse(self) -> bool:
        """Whether this is wrong, and was not known to be."""
        return self.right is False and not self.known

    @property
    def word(self) -> str:
        """The verdict in a word."""
        if self.right is None:
            return "not run"
        return "right" if self.right else "known" if self.known else "WRONG"


class Suite(abc.ABC):
    """Cases of one kind.

    Attributes:
        name: for ``--only``.
        title: for tables.
        about: what is sent to whom and what counts as right, in a sentence or two.
        others: further columns: other programs that got the same cases.
        whole: whether every case is shown, right ones too, or only those that are not right.

    Args:
        checkouts: the folder of other people's repositories, for a suite that runs some.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    others: ClassVar[Sequence[str]] = ()
    whole: ClassVar[bool] = False

    def __init__(self, checkouts: Path | None = None) -> None:
        self.checkouts = checkouts

    @abc.abstractmethod
    def run(self, tell: Tell) -> AsyncIterator[Verdict]:
        """Run every case, and leave no process behind.

        Raises:
            NotRun: the whole suite cannot run here.
        """
