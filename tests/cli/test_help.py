"""The help: commands by what a person wants, examples that run, completions, and nothing loaded."""

import contextlib
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pushlab.analysis.summary.stored import store
from pushlab.analysis.summary.summarise import analyse
from pushlab.charts.bars import hits_chart
from pushlab.cli import _parser, main
from pushlab.runs import Run
from tests.longer import mostly_soak

HEAVY = ("numpy", "pyarrow", "scipy", "msgspec", "pydantic", "matplotlib", "pandas")
#: Their examples are read, and not run: they measure or serve for long, or change the user's keys.
LONG = (
    "probe",
    "verify",
    "workload",
    "compare",
    "savings",
    "capacity",
    "resume",
    "reproduce --all",
    "gate --run",
    "serve",
    "keys",
)

ROOT = Path(__file__).parents[2]


def examples() -> list[str]:
    _, commands = _parser()
    return [line for one in commands.choices.values() for line in one.get_default("examples")]


def test_commands_are_listed_by_what_a_person_wants(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    titles = re.findall(r"^(\w+):\n  \w", told, re.M)
    assert titles == ["options", "measure", "read", "decide", "serve", "learn"][1:]
    _, commands = _parser()
    assert re.findall(r"^  (\w+) +\w", told, re.M) == list(commands.choices)


@pytest.mark.parametrize("example", examples())
def test_each_example_is_in_its_help_and_can_be_read(
    example: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser, _ = _parser()
    words = shlex.split(example)
    with contextlib.suppress(SystemExit):
        parser.parse_args([words[0], "--help"])
    assert f"  pushlab {example}\n" in capsys.readouterr().out
    if words[-1] != "--help":
        assert parser.parse_args(words).command == words[0]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a reference run, which is the newest run too."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "results/reference", folder / "results/reference")
    (folder / "results/20260101T000000Z-quick-abcdef").symlink_to("reference")
    return folder


#: These have an exit status for what is not known, which depends on the run that is kept; of one
#: that was measured on a busy machine a model may differ.
ANSWERING = ("predict --validate", "check", "diff", "gate")
VALIDATING = "predict --validate"


#: Of each command the first example that runs is tried each time.
SHORT = [one for one in examples() if not one.startswith(LONG)]
FIRST = {one.split()[0]: one for one in reversed(SHORT)}


@pytest.mark.parametrize("example", mostly_soak(SHORT, lambda one: one in FIRST.values()))
def test_each_short_example_runs(
    example: str,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.chdir(checkout)
    if example.startswith("report"):  # the drawings on its page have tests of their own
        request.getfixturevalue("undrawn")
    if example == "chart":  # the next example draws the same run
        monkeypatch.setattr("pushlab.charts.draw._CHARTS", (hits_chart,))
    try:
        status = main(shlex.split(example))
    except SystemExit as left:
        status = left.code
    said = capsys.readouterr()
    answers = (0, 3) if example.startswith(ANSWERING) else (0,)
    answers += (1,) if example.startswith(VALIDATING) else ()
    assert (status in answers, said.err) == (True, ""), status
    assert said.out


@pytest.mark.parametrize("words", [["--help"], ["compare", "--help"], ["completion", "fish"]])
def test_a_help_loads_nothing_large(words: list[str]) -> None:
    assert loaded_by(words) == set()


def loaded_by(words: list[str]) -> set[str]:
    """Which large modules a command loads."""
    code = f"""
import sys
from pushlab.cli import main
try:
    main({words!r})
except SystemExit:
    pass
print(*{{name.split('.')[0] for name in sys.modules}} & {set(HEAVY)!r}, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


# ---- completions ------------------------------------------------------------------------------

COMPLETE = {
    "bash": """
source <(pushlab completion bash)
COMP_WORDS=(pushlab {words}); COMP_CWORD={last}; COMP_LINE="pushlab {words}"
_shtab_pushlab 2>/dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
""",
    "fish": """
pushlab completion fish | source
complete -C "pushlab {words}"
""",
    "zsh": """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; autoload -U compinit; compinit -u -D; source <(pushlab completion zsh)'
zpty -w shell $'pushlab {words}\t'
sleep 3
zpty -w shell $'\t'
zpty -r -m shell out '*{found}*'
print -r -- $out
""",
}


@pytest.mark.parametrize("shell", COMPLETE)
@pytest.mark.parametrize(
    ("words", "found"), [("comp", "compare"), ("serve --keep-al", "--keep-alive")]
)
def test_a_shell_completes_commands_and_flags(
    shell: str, words: str, found: str, tmp_path: Path
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    script = COMPLETE[shell].format(words=words, last=len(words.split()), found=found)
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    done = subprocess.run(
        [shell, "-c", script],
        capture_output=True,
        text=True,
        env={"PATH": path, "HOME": str(tmp_path)},
        check=False,
    )
    assert found in re.findall(r"[\w-]+", done.stdout), done.stderr


@pytest.mark.parametrize("shell", COMPLETE)
def test_a_completion_script_has_every_command(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    _, commands = _parser()
    assert all(name in script for name in commands.choices)


def test_a_cached_show_loads_nothing_large(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(ROOT / "results/reference", folder)
    store(analyse(Run.load(folder)))  # in case the formulas have changed since
    for words in ([], ["--json"]):
        assert loaded_by(["show", str(folder), *words]) == set()
    edited = (folder / "run.json").read_text().replace('"p99": 0', '"p99": 9')
    (folder / "run.json").write_text(edited)
    assert "numpy" in loaded_by(["show", str(folder)])  # the rows are asked again
