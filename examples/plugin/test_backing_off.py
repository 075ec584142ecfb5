"""The proof: `pytest examples/plugin`, once the package is installed."""

from pushlab.testing import TransportContract


class TestBackingOff(TransportContract):
    transport = "backing-off"
    options = {"interval_s": 0.02, "longest_s": 0.05}  # noqa: RUF012
