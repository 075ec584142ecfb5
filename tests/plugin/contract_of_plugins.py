"""The two lines that prove a plug-in; named so that only tests/test_plugin.py collects them."""

from pushlab.testing import TransportContract


class TestJsonLines(TransportContract):
    transport = "ndjson"


class TestOwnLines(TransportContract):
    transport = "own-lines"
