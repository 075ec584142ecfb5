"""One declaration of each key: the schema, the page, the flags and the checks say the same."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
from jsonschema.validators import validator_for

from pushlab.contract.registry import load_transport, transport_names
from pushlab.errors import UsageError
from pushlab.lab.scenario.model import scenario_keys
from pushlab.lab.scenario.schema import keys_as_markdown, scenario_schema
from pushlab.lab.scenario.toml_reader import builtin_scenarios, parse_scenario

ROOT = Path(__file__).parents[3]
STANDARD = ROOT / "pushlab/lab/scenario/standard"
OWN = [name for name in transport_names() if load_transport(name).__module__.startswith("pushlab.")]
SSE = '\n[[transport]]\nname = "sse"\n'
SYSTEM = "[system]\nstart = 'x {port}'\n[system.publish]"
SCHEMA = scenario_schema(OWN)
FITS = validator_for(SCHEMA)(SCHEMA)


def test_the_schema_beside_the_scenarios_is_the_declarations_own() -> None:
    shipped = json.loads((STANDARD / "scenario.schema.json").read_text())
    FITS.check_schema(SCHEMA)
    assert shipped == SCHEMA, "pushlab scenarios --schema > the file"


def test_the_page_of_keys_is_the_declarations_own() -> None:
    page = (ROOT / "docs/scenarios.md").read_text()
    assert page == keys_as_markdown(OWN), "pushlab scenarios --keys > docs/scenarios.md"


@pytest.mark.parametrize("name", builtin_scenarios())
def test_a_standard_scenario_names_its_schema_and_fits_it(name: str) -> None:
    text = (STANDARD / f"{name}.toml").read_text()
    assert text.startswith("#:schema scenario.schema.json\n")
    FITS.validate(tomllib.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        "clients = 0" + SSE,
        "clients = 2.5" + SSE,
        "rate_per_s = 0" + SSE,
        'channels = "often"' + SSE,
        'broker = "rabbit"' + SSE,
        "nonsense = 1" + SSE,
        "[link]\none_way_ms = -1" + SSE,
        "[hub]\nkeep_alive_s = 0" + SSE,
        "tls = 1" + SSE,
        SSE + "deflate = true",
        SSE + 'client = "opera"',
        "clients = 3\ntransport = []",
        "systems = []" + SSE,
        "systems = [3]" + SSE,
        "system = 3" + SSE,
        SYSTEM + "\n[system.sse]\npth = '/'",
        SYSTEM + "\n[system.sse]\nkeep_alive_s = [1, 2]",
        SYSTEM + "\n[system.ssse]",
        "[system]\nstart = 'x {port}'\n[system.sse]",
        SYSTEM + "\nmethd = 'POST'\n[system.sse]",
        SYSTEM + "\nheaders = { a = 1 }\n[system.sse]",
    ],
)
def test_schema_and_reader_refuse_the_same(text: str) -> None:
    with pytest.raises(UsageError):
        parse_scenario(text, "mine.toml")
    with pytest.raises(jsonschema.ValidationError):
        FITS.validate(tomllib.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        SYSTEM + "\n[system.short-polling]\nlast_id = '$.last'\n[system.websocket]",
        SYSTEM + "\nheaders = { a = 'b' }\n[system.sse]" + SSE + 'system = "mine"',
        'systems = ["hub"]' + SSE,
    ],
)
def test_schema_and_reader_take_the_same(text: str) -> None:
    assert parse_scenario(text, "mine.toml")
    FITS.validate(tomllib.loads(text))


def test_every_key_takes_its_default_in_a_file() -> None:
    for key in scenario_keys().values():
        if isinstance(key.default, str | int | float):
            text = f"{key.name} = {json.dumps(key.default)}\n" + SSE
            assert parse_scenario(text, "mine.toml")
            FITS.validate(tomllib.loads(text))


DECLARED = """
    echo_s: Annotated[
        float, Setting("how long an echo lasts", unit="s", least=0.5, most=9)
    ] = 1.0
"""

USED = """
import contextlib, io, json
from pushlab.cli import main
from pushlab.lab.scenario.grid import load_grid
from pushlab.lab.scenario.toml_reader import parse_scenario

def said(*words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(words)
        except SystemExit as left:
            status = left.code
    return status, out.getvalue(), err.getvalue()

told = {}
sse = '\\n[[transport]]\\nname = "sse"\\n'
told["file"] = parse_scenario("echo_s = 2" + sse, "my.toml").echo_s
told["error"] = said("compare", "bad.toml")
told["flag"] = said("compare", "tiny", "--echo", "100ms")
told["help"] = said("compare", "--help")[1]
told["sweep"] = [p.scenario.echo_s for p in load_grid("tiny", {"echo_s": [1.0, 2.0]}).points]
told["json"] = parse_scenario(sse, "my.toml").to_json()["echo_s"]
told["schema"] = said("scenarios", "--schema")[1]
told["page"] = said("scenarios", "--keys")[1]
print(json.dumps(told))
"""


def test_a_new_key_is_one_declaration(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("node_modules", "__pycache__", "vendor")
    shutil.copytree(ROOT / "pushlab", tmp_path / "pushlab", ignore=ignored)
    model = tmp_path / "pushlab/lab/scenario/model.py"
    before = model.read_text()
    model.write_text(before.replace("    link: Link =", f"{DECLARED}    link: Link =", 1))
    (tmp_path / "bad.toml").write_text("clients = 3\necho_s = 10" + SSE)
    done = subprocess.run(
        [sys.executable, "-c", USED],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["file"], told["json"], told["sweep"]) == (2.0, 1.0, [1.0, 2.0])
    right = "is out of range; it must be from 0.5 to 9\n"
    assert told["error"] == [2, "", f"pushlab: bad.toml:2: echo_s: 10 {right}"]
    assert told["flag"] == [2, "", f"pushlab: --echo: 0.1 {right}"]
    assert "--echo T" in told["help"]
    assert "how long an echo lasts" in told["help"]
    schema = json.loads(told["schema"])["$defs"]["Scenario"]["properties"]["echo_s"]
    assert schema["anyOf"][0]["maximum"] == 9
    assert "| `echo_s` | a number from 0.5 to 9, s | `1` | `--echo` | how long" in told["page"]


def test_the_page_s_own_system_is_one() -> None:
    text = keys_as_markdown(OWN).partition("```toml\n")[2].partition("```")[0]
    found = parse_scenario(text, "mine.toml")
    assert [cell.label for cell in found.cells] == [
        "short-polling",
        "short-polling on mine",
        "sse",
        "sse on mine",
    ]
    FITS.validate(tomllib.loads(text))
