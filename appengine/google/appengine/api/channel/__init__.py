"""App Engine's Channel API on a pushlab hub: `from google.appengine.api import channel`.

The folders above have no `__init__.py`: `google` is shared with Google's own distributions.
"""

from google.appengine.api.channel.channel import *  # noqa: F403 - as the original's did
