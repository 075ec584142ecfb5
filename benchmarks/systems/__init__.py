"""Every system that is installed here under one small work, for the table of docs/systems.md."""
