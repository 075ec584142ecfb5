"""A hub of the student's own, with one page that the student writes: both ends of a line, by hand.

It runs in a process of its own, on this machine alone, until it is closed or the notebook ends.
Where no server can start, a stand-in in the page takes its place, and that is said.
"""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pushlab.course.cards import Card, Shown
from pushlab.course.mode import reading
from pushlab.course.own_page import CHANNEL, HINTS, PATH, WHOLE, framed, slips, with_stand_in
from pushlab.course.reached import address
from pushlab.course.trouble import CourseError
from pushlab.errors import PortInUse, PushlabError, SetupError, UsageError

if TYPE_CHECKING:
    from pushlab.hub.process import HubConfig, HubProcess

__all__ = ["OwnHub", "own_hub"]

_PROCESS = "pushlab.course.page_process"
_AGAIN_S, _PATIENCE_S = 0.2, 10.0
_STAND_IN = (
    "No server runs here, so a stand-in in the page takes its place: the page gets what you say,"
    " and nothing crosses a wire."
)
_open: list["OwnHub"] = []


async def own_hub() -> "OwnHub":
    """Start a hub that serves a page of yours; one that was started before is closed."""
    while _open:
        await _open[0].close()
    hub = OwnHub()
    if reading():
        hub.why = _STAND_IN
    else:
        try:
            address(0)  # first, so that no server is started that no browser would reach
            await hub.start()
        except (SetupError, OSError, ImportError, CourseError) as error:
            hub.why = f"{_STAND_IN} ({error})"
    _open.append(hub)
    return hub


class OwnHub(Shown):
    """A hub, what was said in it, and the page that listens.

    Attributes:
        address: where the student's browser reaches it, with a ``/`` at the end.
        why: why there is no hub, but a stand-in; empty if there is one.
        said: the texts that were published.
    """

    def __init__(self) -> None:
        self.address = ""
        self.why = ""
        self.said: list[str] = []
        self._folder = tempfile.TemporaryDirectory(prefix="pushlab-course-")
        self._file = Path(self._folder.name) / "page.html"
        self._page = ""
        self._steps = 0
        self._handle: Any = None
        self._hub: HubProcess | None = None
        self._config: HubConfig | None = None

    # ---- its life ---------------------------------------------------------------------------

    async def start(self) -> None:
        """Start it, or start it again where it was, with all that was said.

        Raises:
            SetupError: it does not start.
        """
        # Here and not above: who only reads the course needs no server's modules.
        from pushlab.hub.child import spawn_child
        from pushlab.hub.process import HubConfig, start_hub
        from pushlab.transports.sse import ServerSentEvents

        self._file.write_text(self._page, encoding="utf-8")
        kept = str(Path(self._folder.name) / "kept.sqlite")
        config = self._config or HubConfig(transports={ServerSentEvents.name: {}}, keep=kept)
        ends = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            process = await spawn_child(_PROCESS, str(self._file))
            try:
                self._hub = await start_hub(config, process=process)
            except PortInUse:  # a page that calls may hold it for a moment
                if asyncio.get_running_loop().time() > ends:
                    raise
                await asyncio.sleep(_AGAIN_S)
            else:
                break
        self._config = replace(config, port=urlsplit(self._hub.url).port or 0)
        self.address = address(self._config.port)

    async def restart(self) -> Card:
        """End it and start it again: its pages lose their lines, and come back by themselves."""
        if self._hub is None:
            return Card("There is no hub to restart.", self._no_hub(), "waiting")
        await self._hub.stop()
        await self.start()
        return Card(
            "Your hub has ended, and was started again.",
            "The line of your page is cut. Its `EventSource` waits for as long as `retry:` told it,"
            " one to three seconds, and comes back with `Last-Event-ID`. What you say in the"
            " meantime is not lost. (If the page itself is gone, open it again.)",
            "right",
        )

    async def close(self) -> Card:
        """End it. What was said is played once more in its page."""
        if self in _open:
            _open.remove(self)
        hub, self._hub = self._hub, None
        if hub is not None:
            await hub.stop()
            self.why = (
                "Your hub is closed. Your page gets what you have said once more, as recorded."
            )
            self._show(new=len(self.said))
        self._folder.cleanup()
        if hub is None:
            return Card("Closed.", "There was a stand-in only, so no process had to end.")
        return Card("Your hub is closed.", "No process of it is left.")

    # ---- its page ---------------------------------------------------------------------------

    def open(self, page: str) -> None:
        """Show the page, in a frame and by a link; where it says EVENTS the address is put in.

        Raises:
            CourseError: it is no text.
        """
        if not isinstance(page, str):
            raise CourseError("give the page as a text, as in mine.open(page)")
        self._page, self._handle = page, None
        if self._hub is not None:
            self._file.write_text(page, encoding="utf-8")
        self._show(new=0)

    def _show(self, *, new: int) -> None:
        """Show the page, or show it again in the place where it is shown."""
        from IPython.display import display

        if not self._page:
            return
        told = slips(self._page)
        if self._hub is not None:
            html = framed(url=self.address + PATH, below=told)
            text = f"Your page is at {self.address}{PATH}."
        else:
            html = framed(
                text=with_stand_in(self._page, self.said, new=new), below=[self.why, *told]
            )
            text = f"Your page. {self.why}"
        bundle = {"text/html": html, "text/plain": "\n".join([text, *told])}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle, raw=True)

    def hint(self) -> Card:
        """The next step for the page, at each call."""
        step = min(self._steps, len(HINTS) - 1)
        self._steps += 1
        more = "Run it again for the next one." if step + 1 < len(HINTS) else ""
        return Card(f"Hint {step + 1} of {len(HINTS)}", HINTS[step], small=more)

    def solution(self) -> Card:
        """A whole page."""
        return Card(
            "A page that listens",
            "`textContent` shows a text as it is; `innerHTML` would make it a part of the page.",
            code=WHOLE,
        )

    # ---- the application's side -------------------------------------------------------------

    async def say(self, text: str) -> Card:
        """Publish a text to whoever listens.

        Raises:
            CourseError: it is no message, or the hub is gone.
        """
        if not isinstance(text, str) or not text:
            raise CourseError('say a text, as in await mine.say("Goal!")')
        if self._hub is None:
            self.said.append(text)
            self._show(new=1)
            return Card(f'"{text}" is number {len(self.said)}.', self._no_hub(), "waiting")
        from pushlab.systems.hub_api import HubApi

        api = HubApi(self._hub.url, self._hub.api_key)
        try:
            cursor = await api.publish(CHANNEL, text)
            pages = len(await api.present(CHANNEL))
        except UsageError as error:
            raise CourseError(str(error)) from error
        except PushlabError as error:
            raise CourseError(f"your hub does not take it: {error}") from error
        finally:
            api.close()
        self.said.append(text)
        if pages:
            listening = f"{pages} page{'s are' if pages > 1 else ' is'} listening."
            return Card(f'"{text}" is number {cursor.seq}. {listening}', tone="right")
        return Card(
            f'"{text}" is number {cursor.seq}. No page is listening now.',
            "Is your page open, and does it make an `EventSource`? A page that comes back, or is"
            " opened later, gets it then.",
            "waiting",
        )

    def _no_hub(self) -> str:
        return self.why or "It is closed. `mine = await own_hub()` starts another."

    def _card(self) -> Card:
        if self._hub is None:
            return Card("Your page can be tried.", self._no_hub(), "waiting")
        return Card(
            f"Your own hub listens at {self.address}.",
            "It is for this notebook alone, and it ends with `await mine.close()`, or with the"
            " notebook.",
            "right",
        )
