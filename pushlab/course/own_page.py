"""A page that a student writes, as the notebook shows it: from a hub, or with a stand-in for one.

The stand-in is a script in the page itself: an `EventSource` that gets what it is given, so that
the page can be tried where no server runs. Nothing crosses a wire then, and the notebook says so.
"""

import json
import re
from collections.abc import Sequence
from html import escape

__all__ = ["CHANNEL", "EVENTS", "HINTS", "PATH", "WHOLE", "framed", "slips", "with_stand_in"]

#: What stands in the page for the address of its events.
EVENTS = "EVENTS"
#: Where the hub serves the page, below its address.
PATH = "page"
CHANNEL = "my-page"
#: The next step, at each call.
HINTS = (
    'The text of a message is `event.data`, and `document.querySelector("h1")` is the heading.'
    " Give it"
    " the text: `....textContent = event.data;`",
    '`document.createElement("li")` makes a line of a list. Give it a `textContent` as well, with'
    ' `event.lastEventId` in it, and put it in with `document.querySelector("ul").append(item)`.',
)
#: A whole page.
WHOLE = """
<!doctype html>
<title>My page</title>
<h1>Nothing yet</h1>
<ul></ul>
<script>
const line = new EventSource("EVENTS");
line.onmessage = (event) => {
  document.querySelector("h1").textContent = event.data;
  const item = document.createElement("li");
  item.textContent = `${event.lastEventId}: ${event.data}`;
  document.querySelector("ul").append(item);
};
</script>
""".strip()
_HEIGHT_PX = 230
_FIRST_MS, _NEXT_MS = 500, 900
_REMARK = re.compile(r"(?<!:)//[^\n]*|/\*.*?\*/|<!--.*?-->", re.DOTALL)
_DOCTYPE = re.compile(r"\s*<!doctype html>", re.IGNORECASE)

_STAND_IN = """<script>
window.EventSource = class extends EventTarget {
  constructor(url) {
    super();
    Object.assign(this, { url, readyState: 0 });
    const tell = (kind, more) => {
      const event = kind === "message" ? new MessageEvent(kind, more) : new Event(kind);
      this[`on${kind}`]?.(event);
      this.dispatchEvent(event);
    };
    setTimeout(() => { this.readyState = 1; tell("open"); });
    MESSAGES.forEach(([data, lastEventId, afterMs]) =>
      setTimeout(() => this.readyState === 1 && tell("message", { data, lastEventId }), afterMs));
  }
  close() { this.readyState = 2; }
};
</script>
"""


def with_stand_in(page: str, said: Sequence[str], *, new: int) -> str:
    """The page with a stand-in for its server.

    Args:
        said: the texts that it gets, oldest first.
        new: so many of the last ones come one by one; those before them come at once.
    """
    told = []
    for number, text in enumerate(said, 1):
        late = number - (len(said) - new) - 1
        told.append([text, f"stand-in-{number}", max(0, late) * _NEXT_MS + _FIRST_MS * (late >= 0)])
    # No text may end the script.
    script = _STAND_IN.replace("MESSAGES", json.dumps(told).replace("<", "\\u003c"))
    page = page.replace(EVENTS, "stand-in")
    begun = _DOCTYPE.match(page)
    at = begun.end() if begun else 0
    return f"{page[:at]}{script}{page[at:]}"


def framed(*, url: str = "", text: str = "", below: Sequence[str] = ()) -> str:
    """A frame with a page in it, as HTML: one that a server has, or its whole text.

    Args:
        below: paragraphs, as plain text.
    """
    source = f'src="{escape(url)}"' if url else f'sandbox="allow-scripts" srcdoc="{escape(text)}"'
    link = (
        f'<p style="margin:.3em 0"><a href="{escape(url)}" target="_blank" rel="noopener">Open it'
        " in a"
        " window of its own</a>, and put that beside the notebook.</p>"
    )
    told = "".join(
        f'<p style="margin:.3em 0;font-size:.88em;opacity:.75">{escape(line)}</p>' for line in below
    )
    return (
        f'<div style="max-width:62em"><iframe {source} title="the page that you wrote"'
        f' style="width:100%;height:{_HEIGHT_PX}px;border:1px solid #8A8A8A;border-radius:3px;'
        f'background:#FFF"></iframe>{link if url else ""}{told}</div>'
    )


def slips(page: str) -> list[str]:
    """What can be seen to be missing or wrong, a sentence each."""
    page = _REMARK.sub("", page)
    found = (
        (
            not re.search(r"new\s+EventSource\s*\(", page),
            "Your page has no new EventSource(...) yet, so it hears nothing.",
        ),
        (
            not re.search(rf"""(["'`]){EVENTS}\1""", page),
            f'There is no "{EVENTS}" in your page, in quotes; the hub puts the address of its'
            " events"
            " in its place.",
        ),
        (
            not re.search(r"\bonmessage\b|addEventListener\(\s*[\"'`]message", page),
            "Nothing is done with what comes yet: give line.onmessage a function.",
        ),
        (
            "EventSource" in page and not re.search(r"\.data\b|\{\s*data\b", page),
            "The text of a message is event.data.",
        ),
        (
            "innerHTML" in page,
            "innerHTML takes whatever somebody writes for a part of your page, scripts too."
            " textContent shows it as text.",
        ),
    )
    return [told for wrong, told in found if wrong]
