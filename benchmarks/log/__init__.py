"""Access logs of a load that is known, and how fast and in how much memory they are read."""
