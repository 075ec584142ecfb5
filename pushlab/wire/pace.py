"""How much a second is read of one client that pushes: little, or it floods the server.

A WebSocket's frame, or an MQTT packet, of two bytes costs as much as one of a page. What comes
faster waits in the kernel, and then at the client; nothing is lost, and nobody else waits for it.
"""

__all__ = ["paid_until"]

_FRAMES_PER_S = 1_000
_BURST_S = 0.25  # saved up at the most


def paid_until(before: float, frames: int, now: float) -> float:
    """When the next frame may be read, once so many more have been.

    Args:
        before: the last such time; long ago at the beginning.
        now: by the monotonic clock, in seconds, as the times are.
    """
    return max(before, now - _BURST_S) + frames / _FRAMES_PER_S
