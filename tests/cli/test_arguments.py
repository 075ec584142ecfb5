"""What may stand on a command line: each flag once, lists, and no comma that means two things."""

import pytest

from pushlab.cli import main


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("compare tiny --transports sse --transports mqtt", "--transports was given twice"),
        ("compare tiny --transports sse --transports=mqtt", "such as A,B"),
        ("compare tiny --duration 1 --duration 2", "--duration was given twice"),
        ("compare tiny --out a --out b", "--out was given twice"),
        ("compare tiny --no-charts --no-charts", "--no-charts was given twice"),
        ("compare tiny --tls --no-tls", "--tls/--no-tls was given twice"),
        ("serve --port 1 --port 2", "--port was given twice"),
        ("predict --seed 1 --seed 2", "--seed was given twice"),
        ("capacity sse --slo p95<1s --max 5 --max 6", "--max was given twice"),
        ("compare tiny --duration 1,5", "'1,5' may be one value or two: write 1.5 for one"),
        ("compare tiny --rate 1,500", "'1, 500' for a sweep of two"),
        ("capacity sse --slo p95<1s --duration 1,5", "must be one value, without a comma"),
        ("compare tiny --transports sse,,mqtt", "'sse,,mqtt' has an empty name"),
        ("compare tiny --transports sse,", "has an empty name"),
        ("compare tiny --transports=,", "has an empty name"),
    ],
)
def test_what_would_be_misread_is_refused_in_one_line(line, told, capsys):
    with pytest.raises(SystemExit) as left:
        main(line.split())
    assert left.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert told in err


@pytest.fixture
def asked(monkeypatch):
    """What `compare` is called with."""
    calls = []
    monkeypatch.setattr("pushlab.commands.compare.compare", lambda **how: calls.append(how) or 0)
    return calls


@pytest.mark.parametrize(
    ("words", "overrides"),
    [
        (["--transports", "sse, websocket ,mqtt"], {"transports": ["sse", "websocket", "mqtt"]}),
        (["--duration", "1.5"], {"duration_s": 1.5}),
        (["--duration", "1, 5"], {"duration_s": [1.0, 5.0]}),
        (["--duration", "1s,5s"], {"duration_s": [1.0, 5.0]}),
        (["--duration", "1,2,5"], {"duration_s": [1.0, 2.0, 5.0]}),
        (["--clients", "20,40"], {"clients": [20, 40]}),
    ],
)
def test_lists_are_lists(words, overrides, asked):
    assert main(["compare", "tiny", *words]) == 0
    assert asked[0]["overrides"] == overrides


def test_a_flag_that_may_be_repeated_may_be():
    with pytest.raises(SystemExit):
        main(["capacity", "sse", "--slo", "p95<1s", "--slo", "lost==0", "--help"])
