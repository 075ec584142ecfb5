"""A reader of one channel, by a WebSocket client that was generated.

``python listen.py FOLDER TOKEN``: the folder holds its ``client.py``. Prints each frame as JSON,
and what the client says itself, until it is disconnected.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from client import Reader


class ToldReader(Reader):
    """Says why it ended."""

    def on_close(self, ws, code, reason):
        print("closed", code, reason, flush=True)
        self._stop_event.set()


reader = ToldReader(token=sys.argv[2])
reader.register_message_handler(lambda frame: print("frame", json.dumps(frame), flush=True))
reader.connect()
reader._stop_event.wait(60)
