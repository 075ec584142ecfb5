"""Every clause of the contract of backplanes, on a hub alone."""

from pushlab.testing import BackplaneContract


class TestMemory(BackplaneContract):
    hubs = 1

    def fresh_backplane(self):
        return "memory"
