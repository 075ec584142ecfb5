"""Chromium, for suites that look at pages."""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from typing import Any

from conformance.model import NotRun
from pushlab.web.files import Files

__all__ = ["NO_MQTT", "chromium", "mqtt_in_browser"]

NO_MQTT = "MQTT for the browser is not installed (make web)"


def mqtt_in_browser() -> bool:
    """Whether pages can have MQTT here."""
    return Files().asset("vendor/mqtt.esm.js") is not None


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Any]:
    """A browser of Playwright's. Raises NotRun where there is none."""
    try:
        from playwright.async_api import async_playwright
    except ImportError as error:
        raise NotRun("playwright is not installed") from error
    program = shutil.which("chromium")
    if program is None:
        raise NotRun("chromium is not installed")
    no_sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=[*no_sandbox, "--disable-gpu", "--no-proxy-server"]
        )
        async with browser:
            yield browser
