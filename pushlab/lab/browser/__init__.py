"""Subscribers in Chromium, driven over its DevTools pipe."""
