"""Under which names the hub is reached, by whom, and from pages of which origins."""
