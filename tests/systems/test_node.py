import json
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from pushlab.systems._node import NodeSystem
from pushlab.systems.spec import SystemSpec


class OfNode(NodeSystem):
    spec = SystemSpec(name="made-up")
    needs: ClassVar[Mapping[str, str]] = {}
    npm = ("made-up", "no-such-package")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ``node_modules`` of the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NODE_PATH", raising=False)
    return tmp_path / "node_modules"


def install(packages: Path, name: str, version: str) -> None:
    (packages / name).mkdir(parents=True)
    (packages / name / "package.json").write_text(json.dumps({"version": version}))


def test_packages_that_are_not_there_are_told_with_how_to_get_them(packages: Path) -> None:
    lacking = "npm's made-up and no-such-package are not installed"
    assert (
        OfNode().missing()
        == f"{lacking}; try: make systems, or npm install made-up no-such-package"
    )
    assert OfNode().version() == ""
    install(packages, "made-up", "1.2.3")
    told = (
        "npm's no-such-package is not installed; try: make systems, or npm install no-such-package"
    )
    assert OfNode().missing() == told


def test_packages_of_the_working_folder_are_found_by_node(packages: Path) -> None:
    for name in OfNode.npm:
        install(packages, name, "1.2.3")
    assert OfNode().missing() == ""
    assert str(packages) in OfNode().environment()["NODE_PATH"].split(":")
