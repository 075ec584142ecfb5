"""One execution of one transport: its processes, its phases, its record."""
