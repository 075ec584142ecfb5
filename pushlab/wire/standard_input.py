"""A child's standard input, whose end says that the parent closed it or is gone."""

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable

__all__ = ["set_at_input_end"]


def set_at_input_end(
    stop: asyncio.Event,
    asked: Callable[[], None] | None = None,
    *,
    leave_after_s: float | None = None,
) -> None:
    """Set `stop` when standard input ends; what else comes on it is not looked at.

    Args:
        asked: called when something comes, in another thread than the event loop's.
        leave_after_s: so long after that end the process ends, though its event loop may hang.
    """
    loop = asyncio.get_running_loop()

    def watch() -> None:
        with contextlib.suppress(OSError):
            # Not sys.stdin.read(), whose lock a thread that still waits would hold at the exit.
            while os.read(0, 65_536):
                if asked is not None:
                    asked()
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(stop.set)
        if leave_after_s is not None:
            time.sleep(leave_after_s)
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
