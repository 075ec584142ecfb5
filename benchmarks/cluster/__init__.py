"""The demonstration of a cluster on one machine."""
