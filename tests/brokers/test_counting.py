"""What the hub counts of each broker's packets agrees with what its clients sent."""

import asyncio

from pushlab.contract.events import Connected, Message
from pushlab.contract.hits import Hit
from tests.brokers.site import Reader, both, site
from tests.patience import until


@both
async def test_counts_agree_with_what_was_sent(kind):
    async with site(kind) as here:
        stop = asyncio.Event()
        readers = [Reader(here, *await here.admit(f"r{n}", "room")) for n in range(5)]
        running = [asyncio.ensure_future(reader.run(stop)) for reader in readers]

        def have(kind_of_event, n):
            return all(sum(isinstance(e, kind_of_event) for e in r.events) >= n for r in readers)

        await until(lambda: have(Connected, 1), "connected")
        assert here.hub.presence.present("room") == [f"r{n}" for n in range(5)]
        for number in range(40):
            here.hub.publish("room", str(number))
        await until(lambda: have(Message, 40), "messages")
        stop.set()
        await asyncio.gather(*running)
        await until(lambda: not here.hub.presence.present("room"), "gone")
        sent: dict[Hit, int] = {}
        for reader in readers:
            for hit, n in reader.half.hits.items():
                sent[hit] = sent.get(hit, 0) + n
        assert sent == {Hit.CONNECT: 15, Hit.ACK: 5 * 42, Hit.LEAVE: 10}
        await until(lambda: here.hub.hits["mqtt"] == sent, f"counts: {here.hub.hits}")
