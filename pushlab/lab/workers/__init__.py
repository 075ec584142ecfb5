"""Processes of their own for the swarm and the publisher, and how they are told what to do."""
