"""Posting to a room and a long poll of it; the last thousand messages are kept in Redis."""

import asyncio
import json

from channels.layers import get_channel_layer
from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from redis.asyncio import BlockingConnectionPool, Redis

KEPT = 1000
CONNECTIONS = 20
pool = BlockingConnectionPool.from_url(
    settings.REDIS_URL, max_connections=CONNECTIONS, timeout=None, decode_responses=True
)
store = Redis(connection_pool=pool)


async def healthz(request):
    await store.ping()
    return JsonResponse({"status": "ok"})


@csrf_exempt
async def room(request, room):
    if request.method == "POST":
        return await post(room, json.loads(request.body)["text"])
    return await poll(room, request.GET.get("since", "0"), float(request.GET.get("wait", 0)))


async def post(room, text):
    taken = await store.xadd(f"room:{room}", {"text": text}, maxlen=KEPT)
    message = {"type": "room.message", "id": taken, "text": text}
    await get_channel_layer().group_send(room, message)
    return HttpResponse(status=201)


async def poll(room, since, wait):
    layer = get_channel_layer()
    name = await layer.new_channel()
    await layer.group_add(room, name)  # first, so that nothing falls between the two
    try:
        messages = await read(room, since)
        if not messages and wait:
            try:
                await asyncio.wait_for(layer.receive(name), wait)
            except TimeoutError:
                pass
            messages = await read(room, since)
    finally:
        await layer.group_discard(room, name)
    last = messages[-1]["id"] if messages else since
    return JsonResponse({"messages": messages, "last": last})


async def read(room, since):
    found = await store.xrange(f"room:{room}", min=f"({since}")
    return [{"id": taken, "text": fields["text"]} for taken, fields in found]
