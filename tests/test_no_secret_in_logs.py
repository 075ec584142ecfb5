"""No token, key or password is in any log, ours or a library's, at any level, on either end."""

import asyncio
import base64
import json
import logging
import os
import sys
from urllib.parse import quote

import pytest

from pushlab.hub.edge.redaction import redact, redact_logs
from tests.patience import PATIENCE_S


def forms(secret: str) -> set[str]:
    """How a secret may be spelt in a text."""
    raw = secret.encode()
    found = {
        secret,
        quote(secret, safe=""),
        repr(secret)[1:-1],
        raw.hex(),
        secret[len(secret) // 2 :],
    }
    for shift in range(3):  # behind something else, such as a user name
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"-" * shift + raw).decode().rstrip("=")
            found.add(text[(4 if shift else 0) : -4])
    return {form for form in found if len(form) >= 8}


def leaks(log: str, secrets: dict[str, str]) -> list[str]:
    return [name for name, secret in secrets.items() if any(form in log for form in forms(secret))]


async def run_loud(*words: str) -> tuple[str, dict[str, str]]:
    """What a process logs in which hub and clients say all they can, and the secrets in it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "dev", "-m", "tests.loud", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "always"},
    )
    async with asyncio.timeout(3 * PATIENCE_S):
        out, log = await process.communicate()
    assert process.returncode == 0, log.decode()[-2_000:]
    return log.decode(), json.loads(out)


async def test_no_secret_is_logged_whoever_logs_what():
    log, secrets = await run_loud()
    assert len(secrets) > 15
    assert leaks(log, secrets) == []
    for line in (  # all that may be logged was
        "websockets.client: > GET /v1/socket",
        "asyncio: Executing <Handle",
        "uvicorn.error: = connection is OPEN",
        "?token=<secret>",
        "pushlab.mqtt.client: ",
        "application: ",
    ):
        assert line in log, line


async def test_a_leak_would_be_found():
    log, secrets = await run_loud("--seed-a-leak", "websocket")
    assert leaks(log, secrets) == ["token for websocket", "bent token for websocket"]


@pytest.mark.parametrize("shift", range(3))
def test_a_secret_is_found_behind_another_word_in_base64(shift):
    text = base64.b64encode(b"u" * shift + b":the-broker's-password").decode()
    assert leaks(f"Basic {text}", {"password": "the-broker's-password"}) == ["password"]


TOKEN = "k5c1a24.WyJyZWFkZXIiLDE3OTU5OTU5MzMu.pPAGNe7qoLHmzewBDmzC7doTpRjWgtfneuZIKI3oOQU"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        (f"GET /v1/poll?token={TOKEN}&after=e-1", "GET /v1/poll?token=<secret>&after=e-1"),
        ("GET /x?a=1&TOKEN=abc HTTP/1.1", "GET /x?a=1&TOKEN=<secret> HTTP/1.1"),
        (f"?channel={TOKEN}&b", "?channel=<secret>&b"),
        ("?channel=news", "?channel=news"),
        ("authorization: Bearer abc", "authorization: Bearer <secret>"),
        ("('Authorization', 'basic YWJj')", "('Authorization', 'basic <secret>')"),
        (f"closed by {TOKEN.replace('.', '%2E')}!", "closed by <secret>!"),
        ("pushlab.transports.websocket of 127.0.0.1", "pushlab.transports.websocket of 127.0.0.1"),
    ],
)
def test_what_is_redacted(text, safe):
    assert redact(text) == safe


class _Records(logging.Handler):
    """What reaches a handler of one logger, wherever else it goes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record)


def test_a_record_keeps_its_arguments_and_a_traceback_is_redacted(monkeypatch, caplog):
    redact_logs()
    redact_logs()
    log, records = logging.getLogger("uvicorn.access"), _Records()
    assert len(log.filters) == len(set(log.filters))
    monkeypatch.setattr(log, "handlers", [records])
    monkeypatch.setattr(log, "propagate", False)
    caplog.set_level(logging.DEBUG, log.name)
    log.info('%s - "%s %s" %d', "1.2.3.4:5", "GET", f"/v1/poll?token={TOKEN}", 200)
    log.info("Bearer %s", "abc")
    try:
        raise ValueError(f"no such token: {TOKEN}")
    except ValueError:
        log.exception("it failed")
    texts = [logging.Formatter().format(record) for record in records.found]
    assert records.found[0].args == ("1.2.3.4:5", "GET", "/v1/poll?token=<secret>", 200)
    assert texts[1] == "Bearer <secret>"
    assert TOKEN not in "".join(texts)
    assert texts[2].endswith("no such token: <secret>")
