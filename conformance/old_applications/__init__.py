"""Old public applications of App Engine, as they are but for the script's host, on a hub."""
