"""What tests of the report share: runs, their pages, and a reader of HTML."""

from html.parser import HTMLParser
from pathlib import Path

from pushlab.charts import view_of, write_report
from pushlab.lab.scenario.toml_writer import scenario_as_toml
from pushlab.runs import Run
from tests.runs.simulated import FLOOR, STANDARD, Cell, simulate

LONG = "a poll every second by a client that keeps its connection, through two proxies"

NASTY = r"<script>alert(1)</script> & \"q\" --> $\frac$"


def mixed(root: Path) -> Path:
    """A run with everything that can be told: a failure, a loss, marks, the floor."""
    return simulate(
        root,
        STANDARD[0],
        Cell("mqtt", "mqtt", fail="the broker is not installed"),
        Cell("sse", "sse", fail_once="the hub was killed"),
        Cell(LONG, "websocket", loss=0.02, marks=("generator-bound", "swarm at 91% of a core")),
        Cell("websocket", "websocket", jitter_between_trials=0.9),
        FLOOR,
        trials=3,
        duration_s=4,
    )


def written(folder: Path, **options) -> Path:
    """The page of the run in `folder`."""
    view = view_of(Run.load(folder))
    text = scenario_as_toml(view.run.scenario)
    return write_report(view, folder / "report.html", scenario_toml=text, **options)


class Page(HTMLParser):
    """A page taken apart.

    Attributes:
        tags: every start tag with its attributes.
        texts: the text of each element that was asked for, by its id or its name.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.by_id: dict[str, str] = {}
        self._ids: list[str | None] = []
        self.feed(self.source)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "link", "br", "img"):
            self._open.append(tag)
            self._ids.append(dict(attributes).get("id"))

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            self._ids.pop()
        self._ids.pop()

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        if "style" not in self._open:
            self.words.append(data)
        for name in self._ids:
            if name:
                self.by_id[name] = self.by_id.get(name, "") + data

    @property
    def text(self) -> str:
        """All words of the page."""
        return " ".join(" ".join(self.words).split())
