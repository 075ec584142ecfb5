"""Channels that outlive the hub."""
