"""What stands in a chart: its texts as boxes, its marks; and a measurement without a server."""

import re
from dataclasses import dataclass
from itertools import combinations
from xml.etree import ElementTree

from pushlab.course.measured import Figures, Row, Watched, Work
from pushlab.course.measurement_charts import Measured

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Text:
    words: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    colour: str
    bold: bool

    def touches(self, other):
        return (
            self.left < other.right - 0.5
            and other.left < self.right - 0.5
            and self.top < other.bottom - 0.5
            and other.top < self.bottom - 0.5
        )


def texts_of(svg):
    found = []
    for each in ElementTree.fromstring(svg).iter(f"{SVG}text"):
        told = each.attrib
        width, size = float(told["textLength"]), float(told["font-size"])
        left = float(told["x"]) - width * {"middle": 0.5, "end": 1.0}.get(
            told.get("text-anchor"), 0.0
        )
        base = float(told["y"])
        found.append(
            Text(
                "".join(each.itertext()).replace("\u00a0", " "),
                left,
                base - size * 0.75,
                left + width,
                base + size * 0.2,
                size,
                told["fill"],
                told.get("font-weight") == "bold",
            )
        )
    return found


def check_layout(picture):
    """No text leaves the sheet, and none stands on another."""
    root = ElementTree.fromstring(picture.svg)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    texts = texts_of(picture.svg)
    for text in texts:
        assert text.left >= -0.5, text
        assert text.right <= width + 0.5, text
        assert text.top >= -0.5, text
        assert text.bottom <= height + 0.5, text
    for one, other in combinations(texts, 2):
        assert not one.touches(other), (one, other)
    assert "nan" not in re.sub(r">[^<]*<", "", picture.svg)
    return {text.words: text for text in texts}


FIVE = (
    ("short-polling", "Short polling", "#D55E00", 0.503),
    ("long-polling", "Long polling", "#E69F00", 0.0014),
    ("sse", "SSE", "#56B4E9", 0.001),
    ("websocket", "WebSocket", "#0072B2", 0.074),
    ("mqtt", "MQTT", "#009E73", 0.0016),
)


def figures(name, **known):
    told = {
        "waiting_s": 0.1, "worst_s": 1.0, "requests_per_s": 0.0, "requests_per_message": 0.0,
        "wasted": None, "bytes_per_message": 300.0, "cpu_ms_per_message": 0.2,
        "deliveries": 900, "lost": 0,
    }  # fmt: skip
    return Figures(name=name, **{**told, **known})


def row(transport, name, colour, waiting_s, *, spread=0.1, **more):
    told = {
        "cell": transport,
        "name": name,
        "short": name if name.isupper() else name.lower(),
        "transport": transport,
        "colour": colour,
        "options": {"interval_s": 1.0} if transport == "short-polling" else {},
        "pushes": transport not in ("short-polling", "long-polling"),
        "figures": figures(name, waiting_s=waiting_s),
        "intervals": {"waiting_s": (waiting_s * (1 - spread), waiting_s * (1 + spread))}
        if spread
        else {},
        "formulas": {"waiting_s": 0.5 if transport == "short-polling" else 0.0},
        "samples_s": tuple(waiting_s * (0.3 + 0.02 * i) for i in range(60)),
        "watched": Watched(7, 20, ((0.2, 0.2 + waiting_s), (1.3, 1.3 + waiting_s)), (), 4.0),
    }
    return Row(**{**told, **more})


def measured(rows=None, *, trials=3):
    rows = [row(*each) for each in FIVE] if rows is None else rows
    work = Work(100, 10, 10, 0.5, 2.5, trials, machine="a test", cores=2)
    return Measured(work, rows, here=True)
