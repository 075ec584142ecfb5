"""What carries messages between the hubs of one service."""
