"""Send one message to a channel.

    python examples/publish.py news "The kettle boils"

Where the hub is: PUSHLAB_HUB and PUSHLAB_API_KEY, as `pushlab serve` prints them.
"""

import sys

from pushlab import PushlabError
from pushlab import channel_api as channel

try:
    _, name, text = sys.argv
except ValueError:
    sys.exit("usage: publish.py CHANNEL TEXT")
try:
    channel.send_message(name, text)
except PushlabError as error:
    sys.exit(f"not sent: {error}")
