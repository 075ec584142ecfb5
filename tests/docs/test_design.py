"""The picture in docs/design.md is the one that import-linter holds."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_rooms_stand_in_the_order_of_the_import_contract():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = (each for each in contracts["contracts"] if each["type"] == "layers")
    held = [layer.replace("pushlab.", "") for layer in layers["layers"]]
    picture = (ROOT / "docs" / "design.md").read_text().split("```")[1]
    drawn = [re.split(r"\s{2,}", line)[0] for line in picture.strip().splitlines()]
    assert drawn == held


def test_every_room_is_in_the_picture():
    picture = (ROOT / "docs" / "design.md").read_text().split("```")[1]
    rooms = {path.parent.name for path in (ROOT / "pushlab").glob("*/__init__.py")}
    without_code = {"reproductions"}
    assert {room for room in rooms if not re.search(rf"\b{room}\b", picture)} <= without_code


def test_the_readme_lists_the_package_as_it_is():
    text = (ROOT / "README.md").read_text()
    tree = text.split("## How it is built")[1].split("```")[1]
    listed = set(re.findall(r"(?:^|;) {2}(\w+(?:\.py|/))", tree, re.M))
    found = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in (ROOT / "pushlab").iterdir()
        if not path.name.startswith(("_", ".")) and path.name != "py.typed"
    }
    assert listed == found
