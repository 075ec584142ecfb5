"""The part of looking at the wire that starts a server, and a broker where one is needed."""

import asyncio
from contextlib import AsyncExitStack, closing
from dataclasses import asdict, replace

from pushlab.brokers.start import start_broker
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.tokens import TokenKeys
from pushlab.contract.transport import Transport
from pushlab.course.mode import fast
from pushlab.course.step import Step
from pushlab.hub.process import HubConfig, start_hub
from pushlab.lab.trial.in_process import serving_here
from pushlab.systems.hub_api import HubApi
from pushlab.transcript.record import piece_text, record_conversation

__all__ = ["record_wire"]

_CHANNEL = "room"


async def record_wire(
    transport: Transport, *, messages: int, every_s: float, for_s: float
) -> list[Step]:
    """A conversation with a server that is started for it and stopped again.

    Raises:
        SetupError: no server or broker starts.
    """
    keys = TokenKeys.fresh()
    config = HubConfig(keys=keys.export(), transports={transport.name: asdict(transport.options)})
    async with AsyncExitStack() as stack:
        if transport.profile.needs_broker:
            broker = await stack.enter_async_context(await start_broker("auto"))
            config = replace(config, broker=broker.access)
        if fast():
            url = await stack.enter_async_context(serving_here(config))
        else:
            url = (await stack.enter_async_context(await start_hub(config))).url
        api = stack.enter_context(closing(HubApi(url, config.api_key)))
        wanted = [("you", 0, _CHANNEL)]
        (admission,) = await api.admit(transport.name, wanted, duration_minutes=10)
        endpoint, token = Endpoint.told(admission.endpoint), admission.token
        writing = asyncio.ensure_future(_write(api, messages, every_s))
        conversation = await record_conversation(transport, endpoint, token, span_s=for_s)
        await writing
    return [
        Step(round(one.at_s, 3), one.sender, piece_text(one.data, token=token), len(one.data))
        for one in conversation.pieces
    ]


async def _write(api: HubApi, messages: int, every_s: float) -> None:
    for number in range(messages):
        await asyncio.sleep(every_s)
        await api.publish_batch([(_CHANNEL, f"hello number {number + 1}")])
