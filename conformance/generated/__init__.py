"""Clients that other people's generators make of the hub's OpenAPI document."""
