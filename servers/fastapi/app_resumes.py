"""The rooms of app.py with an event stream that resumes: three lines more, marked with numbers."""

from typing import Annotated

from app import app as rest
from app import rooms
from fastapi import FastAPI, Header
from sse_starlette import EventSourceResponse

app = FastAPI()


@app.get("/rooms/{channel}/events")
async def events(
    channel: str,
    last_event_id: Annotated[int | None, Header()] = None,  # 1: what the reader has already
):
    async def stream():
        with rooms[channel].reader() as queue:
            for message in (
                [] if last_event_id is None else rooms[channel].since(last_event_id)
            ):  # 2
                yield {"id": str(message["id"]), "data": message["text"]}  # 3: what it has missed
            while True:
                message = await queue.get()
                yield {"id": str(message["id"]), "data": message["text"]}

    return EventSourceResponse(stream())


app.include_router(rest.router)
