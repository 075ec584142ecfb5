"""Whether everything works here: looked at once, at the beginning, and said in plain words."""

import platform
import shutil
import time
from importlib.util import find_spec

import pushlab
from pushlab.course.cards import Card
from pushlab.course.mode import reading
from pushlab.errors import PushlabError

__all__ = ["ready"]


async def ready() -> Card:
    """Start a server, stop it again, and tell what works on this machine."""
    lines = [f"pushlab {pushlab.__version__} on Python {platform.python_version()}."]
    works = False
    if reading():
        lines.append(
            "The course is only read: no server is started, and what cells show is recorded."
        )
    else:
        begun = time.monotonic()
        try:
            from pushlab.hub.process import HubConfig, start_hub

            hub = await start_hub(HubConfig(transports={}))
            await hub.stop()
            works = True
            took_s = time.monotonic() - begun
            lines.append(f"A server starts and stops here ({took_s:.1f} s). So you can measure.")
        except (PushlabError, OSError, ImportError) as error:
            lines.append(
                f"No server starts here ({error}). You can still read everything: the charts then"
                " show recordings, each made with exactly its cell's settings."
            )
    if works:
        broker = "Mosquitto" if shutil.which("mosquitto") else "the one that is built in"
        lines.append(f"For chapter 6 there is an MQTT server: {broker}.")
    if find_spec("ipywidgets") is None:
        lines.append("Sliders do not run here; a picture stands in their place.")
    title = "Ready." if works else "Ready for reading."
    return Card(title, "\n\n".join(lines), "right" if works else "waiting")
