"""FastAPI with sse-starlette: what most Python teams write, see ``servers/fastapi/``."""

from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.spec import Publish, Speech, SystemSpec

__all__ = ["FastApi"]


class FastApi(DeclaredSystem):
    """An application of 60 lines under Uvicorn, with one process."""

    packages = ("fastapi", "sse-starlette", "uvicorn", "uvloop", "httptools", "websockets")
    spec = SystemSpec(
        name="fastapi",
        title="FastAPI",
        start="{python} -m uvicorn app:app --app-dir {folder} --port {port} --no-access-log"
        " --timeout-graceful-shutdown 1",
        ready="/healthz",
        publish=Publish(path="/rooms/{channel}", body='{"text": "{message}"}'),
        speaks={
            "short-polling": Speech(path="/rooms/{channel}?since={last_id}", last_id="$.last"),
            "long-polling": Speech(
                path="/rooms/{channel}?since={last_id}&wait=25", last_id="$.last", hold_s=25
            ),
            "sse": Speech(path="/rooms/{channel}/events", keep_alive_s=15),
            "websocket": Speech(
                path="/ws/{channel}", hello='{"subscribe": "{channel}"}', keep_alive_s=20
            ),
        },
    )
