import difflib
import re
from pathlib import Path

from tests.systems.delivering import delivers

FOLDER = Path(__file__).parents[2] / "servers" / "fastapi"


async def test_it_delivers():
    await delivers("fastapi", "short-polling", "long-polling", "sse", "websocket")


def test_the_application_has_sixty_lines_of_code():
    lines = (FOLDER / "app.py").read_text().splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 60


def test_three_lines_make_its_event_stream_resume():
    def of(name: str) -> list[str]:
        """The event stream's route, each statement in a line, without remarks."""
        text = (FOLDER / name).read_text()
        (found,) = re.findall(
            r'@app\.get\("/rooms/\{channel\}/events"\).*?stream\(\)\)\n', text, re.S
        )
        return [line.split("  #")[0].strip() for line in found.splitlines()]

    lines = [*difflib.unified_diff(of("app.py"), of("app_resumes.py"), n=0, lineterm="")]
    more = [line for line in lines if line.startswith("+") and not line.startswith("+++")]
    assert len([line for line in more if "last_event_id" in line or "yield" in line]) == 3
    marks = re.findall(r"# (\d)", (FOLDER / "app_resumes.py").read_text())
    assert marks == ["1", "2", "3"]
