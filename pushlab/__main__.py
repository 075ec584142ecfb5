"""``python -m pushlab`` is the command ``pushlab``.

It says what Ctrl-C shall do before it loads anything that takes time, so with what the interpreter
has in itself.
"""

import _signal  # type: ignore[import-not-found]  # `signal` itself loads half a dozen modules
import os
import sys

__all__ = ["main"]


def main() -> int:
    """The command; its exit status."""
    _signal.signal(_signal.SIGINT, lambda number, frame: os._exit(128 + number))
    from pushlab.signals import leave_at_once

    leave_at_once()
    from pushlab.cli import main as run

    try:
        return run()
    finally:
        leave_at_once()
        exec("")  # or `python -m` has 130 for an interrupt in an `exec`, a dataclass's say


if __name__ == "__main__":
    sys.exit(main())
