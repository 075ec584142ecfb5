"""App Engine's Channel API on a pushlab hub: `create_channel` and `send_message`."""
