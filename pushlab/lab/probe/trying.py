"""Tries one transport: connects, publishes, cuts, comes back, and listens in silence."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pushlab.lab.probe.answering import compared, first_exchange, is_settled, trouble_of
from pushlab.lab.probe.findings import Found, Silence, Trouble
from pushlab.lab.probe.messages import MessageProbe, NotTaken
from pushlab.lab.probe.publisher import ProbePublisher
from pushlab.lab.probe.reader import ProbeReader
from pushlab.lab.probe.shapes import answer_of, form_of, polls_seen, silence, stream_seen
from pushlab.systems.publishing import variables_in
from pushlab.systems.spec import texts_of
from pushlab.systems.system import ServerApi, System

__all__ = ["ProbeSettings", "TransportProbe", "variables_set"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """How a probe is made.

    Attributes:
        publish: whether anything is published.
        listen_s: how long is listened in silence.
        wait_s: how long is waited for an answer, and for a message.
        channel: whose name the channels begin with; empty: one of its own.
        options: by transport, what its client half is told, such as a poll's interval.
    """

    publish: bool = True
    listen_s: float = 20.0
    wait_s: float = 5.0
    channel: str = ""
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def variables_set(texts: Iterable[str]) -> Mapping[str, bool]:
    """The variables of the environment that templates name; whether each is not empty."""
    names = sorted({name for text in texts for name in variables_in(text)})
    return {name: bool(os.environ.get(name)) for name in names}


class TransportProbe:
    """One transport of a system that runs.

    Args:
        publisher: None: nothing is published.
        channels: the names of all channels; `place`, the number of its own; the last is another.

    Attributes:
        found: what was found so far.
    """

    def __init__(
        self,
        system: System,
        api: ServerApi,
        transport: str,
        *,
        publisher: ProbePublisher | None,
        channels: Sequence[str],
        place: int,
        key: int,
        authority: str | None,
        settings: ProbeSettings,
    ) -> None:
        spec = getattr(system, "spec", None)
        speech = spec.speaks[transport] if spec is not None else None
        self.found = Found(transport=transport, path=speech.path if speech is not None else "")
        if speech is not None:
            texts = [text for _, text in texts_of(speech)]
            self.found = replace(self.found, variables=variables_set(texts))
        self._topic = speech.topic if speech is not None else ""
        self._spoken = system.transport(transport, settings.options.get(transport, {}))
        self._told_apart = getattr(self._spoken, "names_channels", True)
        self._api = api
        self._publisher = publisher
        self._channels = channels
        self._place = place
        self._key = key
        self._authority = authority
        self._settings = settings
        self._readers: list[ProbeReader] = []
        self._began_ns = self._quiet_from_ns = 0

    def fail(self, trouble: Trouble, said: str) -> None:
        """Note what it could not be tried for."""
        self.found = replace(self.found, trouble=trouble, said=said)

    def note_log(self, line: str) -> None:
        """Keep the last that the server wrote, where messages did not come as they should."""
        seen = self.found.delivered
        if seen is not None and (not seen.came or seen.closed):
            self.found = replace(self.found, log=line)

    async def try_it(self) -> None:
        """All but the silence. Raises PushlabError: no reader can be made."""
        first = await self._reader("one", False)
        self._began_ns = time.monotonic_ns()
        first.start()
        await first.until(lambda: is_settled(first), self._settings.wait_s)
        await self._describe(first)
        if self.found.trouble == "no-connection" and self._publisher and self._publisher.took:
            self.fail("gone", self.found.said)
        if self._publisher is not None and self.found.trouble in ("", "no-answer"):
            await self._messages(self._publisher, first)
        self._quiet_from_ns = time.monotonic_ns()
        self._look(first)
        for reader in self._readers[1:]:
            await reader.leave()

    async def end_silence(self) -> None:
        """What has come since, now that there was silence for long enough."""
        if self.found.trouble or not self._quiet_from_ns:
            return
        first, now_ns = self._readers[0], time.monotonic_ns()
        if self.found.answer is None:  # a poll may have been held until now
            await self._describe(first)
        form = self.found.form
        seen = silence(first.recordings, form, self._key, self._quiet_from_ns, now_ns)
        if form in ("packets", "other"):
            seen = Silence(listened_s=seen.listened_s, ended_s=seen.ended_s)
        self.found = replace(self.found, silence=replace(seen, others=first.others))
        self._look(first)

    async def leave(self) -> None:
        """Close what is open."""
        for reader in self._readers:
            await reader.leave()

    async def _reader(self, client: str, elsewhere: bool) -> ProbeReader:
        place = len(self._channels) - 1 if elsewhere else self._place
        name = f"probe-{self.found.transport}-{client}-{self._key % 1_000_000:06}"
        wanted = [(name, place, self._channels[place])]  # two of one name would oust each other
        (admission,) = await self._api.admit(self.found.transport, wanted)
        reader = ProbeReader(
            self._spoken,
            admission,
            key=self._key,
            authority=self._authority,
            dial_s=self._settings.wait_s,
        )
        self._readers.append(reader)
        return reader

    async def _describe(self, reader: ProbeReader) -> None:
        """What the first answer is, and what is wrong with it."""
        first, form = first_exchange(reader), form_of(reader.recordings)
        trouble, said = trouble_of(reader, form, first)
        answer = None
        if first is not None and first.status and trouble:
            answer = answer_of(first)
        elif first is not None and first.status:
            endpoint, wait_s = reader.subscriber.endpoint, self._settings.wait_s
            answer = await compared(endpoint, first, wait_s=wait_s, authority=self._authority)
        no_http = first is None and any(each.sent for each in reader.recordings)
        path = self._topic if no_http and self._topic else self.found.path
        self.found = replace(
            self.found,
            path=path,
            form=form,
            trouble=trouble,
            said=said,
            accepted_s=(reader.accepted[0] - self._began_ns) / 1e9 if reader.accepted else None,
            answer=answer,
        )

    def _look(self, reader: ProbeReader) -> None:
        """What the reader's connections show by now."""
        recordings, form = reader.recordings, self.found.form
        self.found = replace(
            self.found,
            stream=stream_seen(recordings, form, self._key),
            polls=polls_seen(recordings, form, self._key, time.monotonic_ns()),
        )

    async def _messages(self, publisher: ProbePublisher, first: ProbeReader) -> None:
        probe = MessageProbe(
            publisher,
            self._reader,
            key=self._key,
            place=self._place,
            form=self.found.form,
            told_apart=self._told_apart,
            wait_s=self._settings.wait_s,
        )
        try:
            await probe.deliver(first)
            if probe.delivered is not None and probe.delivered.came:
                if self.found.answer is None:  # it waited for the first message
                    await self._describe(first)
                if not probe.delivered.held_back:
                    await probe.resume(first)
        except NotTaken as error:
            if error.done.gone and publisher.took:
                self.fail("gone", error.done.said)
        told_apart = self._told_apart
        self.found = replace(
            self.found, delivered=probe.delivered, resumed=probe.resumed, told_apart=told_apart
        )
