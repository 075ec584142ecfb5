"""Hubs that share their channels through Redis or Valkey."""
