"""A look at the real bytes: one client and one server, what each says, and when.

Where no server can start, a conversation that was recorded before is shown, and said to be one.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from html import escape
from typing import Any

from pushlab.contract.registry import make_transport
from pushlab.contract.transport import Transport
from pushlab.course.mode import fast, reading, recording
from pushlab.course.quantities import with_unit
from pushlab.course.recordings import find, needed, save
from pushlab.course.step import Step
from pushlab.course.trouble import CourseError
from pushlab.errors import SetupError, UsageError

__all__ = ["Wire", "show_wire"]

KIND = "show_wire"
_HURRY = 2.0
_MOST_LINES = 12
_WARM, _COOL = "#D55E00", "#0072B2"


@dataclass(frozen=True, slots=True)
class Wire:
    """A conversation, to be shown."""

    title: str
    steps: Sequence[Step]
    here: bool

    @property
    def note(self) -> str:
        """How to read it."""
        asked = sum(step.size * step.times for step in self.steps if step.sender == "client")
        told = sum(step.size * step.times for step in self.steps if step.sender == "server")
        where = "" if self.here else "Recorded earlier, since no server runs here. "
        return f"{where}The client sent {asked:,} bytes, the server {told:,}."

    def __str__(self) -> str:
        lines = [self.title]
        for step in self.steps:
            again = f"  ({step.times} times)" if step.times > 1 else ""
            lines.append(f"{step.at_s:6.2f} s  the {step.sender} says:{again}")
            lines += [f"    {line}" for line in _shortened(step.text)]
        return "\n".join([*lines, self.note])

    def html(self) -> str:
        """The conversation in two columns, an answer beside its question, with nothing to load."""
        placed = zip(self.steps, _rows(self.steps), strict=True)
        cells = "".join(_cell(step, row) for step, row in placed)
        heads = "".join(
            f'<div style="grid-area:1/{column};font-weight:600">{who}</div>'
            for column, who in ((1, "the client says"), (2, "the server says"))
        )
        return (
            '<div class="pushlab-wire" style="max-width:62em">'
            f'<div style="font-weight:600">{escape(self.title)}</div>'
            '<div style="display:grid;grid-template-columns:repeat(2,minmax(0,1fr));'
            f'gap:.35em .7em;margin:.5em 0">{heads}{cells}</div>'
            f'<div style="font-size:.88em;opacity:.75">{escape(self.note)}</div></div>'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": str(self)}


async def show_wire(
    transport: str, *, messages: int = 2, every_s: float = 0.7, for_s: float = 2.4, **options: Any
) -> Wire:
    """Let one client talk to a server for a moment, and show what crosses the wire.

    Args:
        transport: a name such as ``sse``.
        messages: how many are written meanwhile, one each `every_s` seconds.
        for_s: how long to listen.
        options: the transport's own, such as ``interval_s=1``.

    Raises:
        CourseError: there is no such transport, or it has no such option.
    """
    try:
        made = make_transport(transport, options)
    except UsageError as error:
        raise CourseError(str(error)) from error
    asked = {
        "transport": transport,
        "messages": messages,
        "every_s": every_s,
        "for_s": for_s,
        "options": options,
    }
    why = "No server was started, since the course is only read"
    known = find(KIND, asked) if recording() else None
    if not reading() and known is None:
        pace = _HURRY if fast() else 1.0
        try:
            from pushlab.course.wire_live import record_wire

            steps = await record_wire(
                made, messages=messages, every_s=every_s / pace, for_s=for_s / pace
            )
        except (SetupError, OSError, ImportError) as error:
            why = f"No server was started ({error})"
        else:
            if not recording():
                return Wire(_title(made, for_s / pace), fold(steps), here=True)
            save(KIND, asked, {"steps": [asdict(step) for step in steps]})
    told = known or needed(KIND, asked, why)
    steps = [Step(**step) for step in told["steps"]]
    return Wire(_title(made, for_s), fold(steps), here=False)


def _title(transport: Transport, for_s: float) -> str:
    return f"{transport.profile.title}: everything that crosses the wire in {with_unit(for_s, 's')}"


def fold(steps: Sequence[Step]) -> list[Step]:
    """Say an exchange that is only repeated once, and how often it came."""
    folded: list[Step] = []
    for step in steps:
        folded.append(step)
        if len(folded) >= 4:
            before, now = folded[-4:-2], folded[-2:]
            same = all(
                (a.sender, a.text) == (b.sender, b.text) for a, b in zip(before, now, strict=True)
            )
            if same and now[0].sender == "client" and now[1].sender == "server":
                del folded[-4:]
                pairs = zip(before, now, strict=True)
                folded += [replace(a, times=a.times + b.times) for a, b in pairs]
    return folded


def _shortened(text: str) -> list[str]:
    lines = text.rstrip("\n").split("\n")
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"... {len(lines) - _MOST_LINES + 1} lines more"]
    return lines


def _rows(steps: Sequence[Step]) -> list[int]:
    """The row of each step: an answer stands beside its question, all else in a row of its own."""
    rows: list[int] = []
    asked = False
    for step in steps:
        answers = step.sender == "server" and asked
        rows.append((rows[-1] if rows else 1) + (0 if answers else 1))
        asked = step.sender == "client" and not step.text.startswith("[PUBACK")
    return rows


def _cell(step: Step, row: int) -> str:
    column, colour = (1, _WARM) if step.sender == "client" else (2, _COOL)
    again = f" &nbsp;({step.times} times)" if step.times > 1 else ""
    text = escape("\n".join(_shortened(step.text)))
    return (
        f'<div style="grid-area:{row}/{column};border-left:4px solid {colour};'
        f'background:{colour}14;padding:.3em .6em">'
        f'<div style="opacity:.7;font-size:.8em">{step.at_s:.2f} s &nbsp;·&nbsp;'
        f" {step.size:,} bytes{again}</div>"
        '<pre style="margin:0;padding:0;background:none;white-space:pre-wrap;'
        "overflow-wrap:anywhere;font-family:monospace;font-size:.82em;line-height:1.35;"
        f'color:inherit">{text}</pre></div>'
    )
