"""The colours of every chart, for whoever draws: nothing of matplotlib is needed to name them."""

__all__ = ["ACCENT", "FLOOR", "GREY", "GRID", "INK", "LINE", "OTHERS", "dark", "mixed", "shade"]

INK = "#1B1B1B"
GREY = "#6B6B6B"
GRID = "#E3E3E3"
LINE = "#CFCFCF"
ACCENT = "#A3282B"  #: marks on the chart: unstable, generator-bound, failed; a student's guess
FLOOR = "#8A8A8A"
OTHERS = ("#CC79A7", "#7F5AA8", "#8C6D31")  #: plug-ins; neither warm nor cool


def shade(base: str, index: int, count: int) -> str:
    """The colour for one of several settings: from darker to lighter around `base`."""
    if count == 1:
        return base
    place = index / (count - 1) * 2 - 1  # -1 (dark) to 1 (light)
    return mixed(base, 0.0, -place * 0.35) if place < 0 else mixed(base, 1.0, place * 0.45)


def dark(colour: str) -> str:
    """A shade of the colour that can be read as text on white."""
    red, green, blue = _channels(colour)
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    return mixed(colour, 0.0, 0.38 if light > 0.55 else 0.12)


def mixed(colour: str, toward: float, share: float) -> str:
    """A colour with a share of black (`toward` 0) or white (1)."""
    parts = [channel + (toward - channel) * share for channel in _channels(colour)]
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue
