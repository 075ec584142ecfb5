"""The development server's wire against every clause, with pushlab's own client half."""

from dataclasses import replace

from pushlab.testing import TransportContract


class TestChannelApiDev(TransportContract):
    transport = "channel-api-dev"
    options = {"interval_s": 0.004}  # noqa: RUF012
    # A message at a time: a log that overflows is fetched sooner when it is a short one.
    settings = replace(TransportContract.settings, retain_messages=150)
