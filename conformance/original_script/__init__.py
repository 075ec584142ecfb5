"""App Engine's own script and pushlab's, side by side in a browser."""
