"""`pushlab cost` and `pushlab energy` as a user meets them: tables, refusals, JSON, charts."""

import contextlib
import csv
import io
import json
import re
from importlib.resources import files

import pytest

from pushlab.analysis.cost.architectures import ARCHITECTURES, DEFAULT, KINDS_OF_ARCHITECTURE
from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.guesses import GUESSES
from pushlab.analysis.cost.telling import place_words
from pushlab.cli import main
from pushlab.contract.registry import comparable_profiles
from tests.runs.simulated import STANDARD, simulate

WORK = ["--clients", "1000", "--rate-per-client", "1/min", "--poll-interval", "5s"]


def run(capsys, *arguments):
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as left:  # argparse has refused a value
        status = left.code
    out, err = capsys.readouterr()
    return status, out, err


def told(capsys, *arguments):
    status, out, err = run(capsys, *arguments)
    assert (status, err) == (0, "")
    return out


def printed(*arguments):
    """What a command prints that ends well, for fixtures of a module."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(list(arguments)) == 0
    return out.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("runs"), *STANDARD)


NUMBER = re.compile(r"[\d.,]*\d")
KINDS = KINDS_OF_ARCHITECTURE.values()


@pytest.fixture(scope="module")
def plain():
    """The months of WORK in the default architecture, in plain values, by transport."""
    found = json.loads(printed("cost", *WORK, "--json"))
    assert found["architecture"] == DEFAULT.key
    return {one["transport"]: one for one in found["priced"][DEFAULT.key]}


def test_transports_stand_within_one_architecture_and_the_others_apart(capsys):
    out = told(capsys, "cost", *WORK, "--sensitivity")
    place = f"{DEFAULT.title} ({KINDS_OF_ARCHITECTURE[DEFAULT.kind]}) [{DEFAULT.key}]"
    first, others = out.split("Other architectures")
    assert place in first
    for name in comparable_profiles():
        assert re.search(rf"^{name} +[\d.,]+", first, re.M)
        assert f"What moves the bill of {name}, each guess alone" in others
    rows = [line for line in others.splitlines() if line.startswith(tuple(ARCHITECTURES))]
    assert len(rows) > 10
    assert all(any(kind in row for kind in KINDS) for row in rows)
    assert "\n~ rests on a price that is not the vendor's own word" in out
    assert re.search(r" ~>? ", out)


def test_bills_are_ranges_and_json_has_their_lines(plain):
    for one in plain.values():
        low, likely, high = (one[end]["usd"] for end in ("low", "likely", "high"))
        assert 0 < low <= likely <= high
        assert likely == pytest.approx(sum(item["usd"] for item in one["likely"]["items"]))
        assert all(item["source"] and item["read"] for item in one["likely"]["items"])
    sums = [one["likely"]["usd"] for one in plain.values()]
    assert sums == sorted(sums)


def test_what_cannot_be_carried_is_a_row_that_says_why(capsys):
    out = told(capsys, "cost", *WORK, "--architecture", "all")
    for where in ARCHITECTURES.values():
        for name, profile in comparable_profiles().items():
            if why := where.cannot(profile):
                assert f"{name}" in out
                assert f"not carried: {why}" in out


def test_the_first_architecture_is_compared_within_and_all_are_shown(capsys):
    out = told(capsys, "cost", *WORK, "--architecture", "machines,containers")
    machines = [one for one in ARCHITECTURES.values() if one.kind == "machines"]
    assert out.index(f"[{machines[0].key}]") < out.index(f"[{DEFAULT.key}]")
    assert f"in {place_words(machines[0])}:" in out.split("Break-even")[1].splitlines()[0]


def test_items_are_a_chain_from_events_to_money(capsys):
    out = told(capsys, "cost", *WORK, "--items", "--architecture", "serverless")
    polls = next(line for line in out.splitlines() if "518.4 million polls" in line)
    assert re.search(r" -> .* x USD .* = USD [\d,.]+$", polls)
    assert out.count("price: ") > 5


def test_guesses_that_are_known_narrow_the_bill(capsys, plain):
    names = ",".join(f"{name}={guess.likely}" for name, guess in GUESSES.items())
    found = json.loads(told(capsys, "cost", *WORK, "--json", "--assume", names))
    for one in found["priced"][DEFAULT.key]:
        before = plain[one["transport"]]
        assert one["likely"]["usd"] == pytest.approx(before["likely"]["usd"])
        assert one["high"]["usd"] < before["high"]["usd"]
        assert {swing["guess"] for swing in one["swings"]} <= {"cpu", "memory"}


def test_data_that_leave_are_in_the_bill_unless_left_out(capsys, plain):
    found = json.loads(told(capsys, "cost", *WORK, "--json", "--no-egress"))
    for one in found["priced"][DEFAULT.key]:
        whole = plain[one["transport"]]["likely"]
        assert one["likely"]["usd"] == pytest.approx(
            whole["usd"] - sum(i["usd"] for i in whole["items"] if i["part"] == "egress")
        )


@pytest.mark.parametrize(
    ("more", "clients"),
    [([], "1"), ([], "10e6"), (["--items", "--architecture", "serverless"], "10e6")],
)
def test_a_terminal_gets_lines_that_fit_and_every_number(capsys, monkeypatch, more, clients):
    work = ("cost", "--clients", clients, "--rate-per-client", "2/s", *more)
    out = told(capsys, *work)
    assert "\x1b" not in out
    for width in (80, 120):
        for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm"), ("COLUMNS", str(width))):
            monkeypatch.setenv(name, value)
        found = re.sub("\x1b[^m]*m", "", told(capsys, *work))
        assert max(len(line) for line in found.splitlines()) <= width
        assert "…" not in found
        assert sorted(NUMBER.findall(found)) == sorted(NUMBER.findall(out))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cost"], ["--clients and --rate-per-client missing", "1/min"]),
        (["cost", "--clients", "-5", "--rate-per-client", "1"], ["at least 1", "-5"]),
        (["cost", "--clients", "0.5", "--rate-per-client", "1"], ["at least 1"]),
        (["cost", "--clients", "nan", "--rate-per-client", "1"], ["--clients", "nan"]),
        (["cost", "--clients", "inf", "--rate-per-client", "1"], ["--clients", "inf"]),
        (["cost", "--clients", "1e999", "--rate-per-client", "1"], ["--clients"]),
        (["cost", "--clients", "many", "--rate-per-client", "1"], ["--clients", "1e6"]),
        (["cost", "--clients", "5", "--rate-per-client", "-1"], ["message rate", "-1"]),
        (["cost", "--clients", "5", "--rate-per-client", "1/week"], ["1/week", "6/min"]),
        ([*["cost", *WORK], "--poll-interval", "0"], ["poll interval", "above 0 s"]),
        ([*["cost", *WORK], "--poll-interval", "5 parsecs"], ["--poll-interval", "5s"]),
        ([*["cost", *WORK], "--payload=-1B"], ["payload", "-1"]),
        ([*["cost", *WORK], "--hold", "0s"], ["hold", "above 0 s"]),
        ([*["cost", *WORK], "--per-channel", "2000"], ["1000 clients", "2000"]),
        (
            [*["cost", *WORK], "--architecture", "aws-snail"],
            ["unknown architecture 'aws-snail'", "containers", DEFAULT.key],
        ),
        ([*["cost", *WORK], "--assume", "headroom=1"], ["headroom"]),
        ([*["cost", *WORK], "--assume", "headroom"], ["--assume", "reconnects_a_day=5"]),
        ([*["cost", *WORK], "--assume", "luck=2"], ["there is no guess 'luck'", "headroom"]),
        ([*["cost", *WORK], "--prices", "none.csv"], ["none.csv", "no such price file"]),
        (["cost", "nowhere"], ["nowhere"]),
        (["energy"], ["--rate-per-client missing"]),
        (["energy", "--rate-per-client", "-1"], ["message rate"]),
        (["energy", "--rate-per-client", "1", "--poll-interval", "0"], ["poll interval"]),
        (["energy", "--rate-per-client", "1", "--radio", "5g"], ["unknown radio '5g'", "lte"]),
        (["energy", "--rate-per-client", "1", "--battery", "0"], ["--battery", "above 0"]),
        (["energy", "--rate-per-client", "1", "--battery", "big"], ["--battery", "15Wh"]),
        (["energy", "--rate-per-client", "1", "--keep-alive=-1s"], ["keep_alive_s"]),
    ],
)
def test_nonsense_is_refused_in_one_line(capsys, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, *arguments)
    assert status in (1, 2)
    assert out == ""
    assert err.startswith("pushlab")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


def own_book(tmp_path, change):
    """The built-in prices with each row changed, or without a column."""
    text = files("pushlab.analysis.cost").joinpath("prices.csv").read_text(encoding="utf-8")
    rows = [change(dict(row)) for row in csv.DictReader(text.splitlines())]
    path = tmp_path / "mine.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_prices_of_ones_own(capsys, tmp_path, plain):
    half = own_book(tmp_path, lambda row: {**row, "usd": float(row["usd"]) / 2})
    found = json.loads(told(capsys, "cost", *WORK, "--json", "--prices", half))
    for one in found["priced"][DEFAULT.key]:
        usd = plain[one["transport"]]["likely"]["usd"]
        assert one["likely"]["usd"] == pytest.approx(usd / 2)


def test_a_price_file_without_a_column_is_refused(capsys, tmp_path):
    def without(row):
        del row["confidence"]
        return row

    status, out, err = run(capsys, "cost", *WORK, "--prices", own_book(tmp_path, without))
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "mine.csv" in err
    assert "'confidence' is missing" in err


def test_old_prices_warn(capsys, tmp_path):
    def aged(row):
        return {**row, "read": "2021-03-04"}

    out = told(capsys, "cost", *WORK, "--prices", own_book(tmp_path, aged))
    assert "read more than a year ago" in out
    assert "2021-03-04" in out


def test_the_book_is_printed_with_source_day_and_strength(capsys, tmp_path):
    mine = own_book(tmp_path, lambda row: {**row, "read": "2021-03-04"})
    out = told(capsys, "cost", "--book")
    for price in load_book():
        (line,) = [
            line for line in out.splitlines() if line.startswith(f"{' '.join(price.key)}: USD")
        ]
        assert price.words in line
        assert f"{price.confidence}, {price.read}: {price.source}" in line
    aged = told(capsys, "cost", "--book", "--prices", mine)
    assert aged.count("OLD: ") >= aged.count("\n") - 4
    assert "read more than a year ago" in aged
    found = json.loads(told(capsys, "cost", "--book", "--json"))["prices"]
    assert len(found) == len(load_book())
    assert all(price["source"] and price["read"] and price["confidence"] for price in found)


@pytest.mark.parametrize("more", [["run"], ["--clients", "5"], ["--payload", "5"]])
def test_the_book_has_no_bill(capsys, more):
    status, out, err = run(capsys, "cost", "--book", *more)
    assert (status, out) == (2, "")
    assert "--book does not go with" in err


def test_a_run_is_priced_with_its_servers_and_scaled(capsys, folder):
    one = json.loads(told(capsys, "cost", folder, "--json"))
    many = json.loads(told(capsys, "cost", folder, "--clients", "1e6", "--json"))
    assert one["traffic"]["sse"]["clients"] == 100
    assert "Sized by: this run's trials" in told(capsys, "cost", folder, "--no-charts")
    few = {bill["cell"]: bill["likely"]["usd"] for bill in one["priced"][DEFAULT.key]}
    for cell in ("sse", "websocket", "short-polling", "mqtt"):
        assert many["traffic"][cell]["hits_per_s"] == pytest.approx(
            1e4 * one["traffic"][cell]["hits_per_s"]
        )
    for bill in many["priced"][DEFAULT.key]:
        assert bill["likely"]["usd"] > 10 * few[bill["cell"]]


def test_a_runs_charts_lie_with_its_own(capsys, folder, tmp_path):
    out = told(capsys, "cost", folder, "--clients", "1e6")
    assert (folder / "charts" / "6-bills.png").exists()
    assert (folder / "charts" / "6-architectures.svg").exists()
    assert str(folder / "charts" / "6-bills.png") in out
    told(capsys, "cost", folder, "--out", tmp_path / "a", "--no-charts")
    assert not (tmp_path / "a").exists()


def test_what_a_run_has_measured_cannot_be_told_to_it(capsys, folder):
    for command in ("cost", "energy"):
        status, out, err = run(capsys, command, folder, "--poll-interval", "3s")
        assert (status, out) == (2, "")
        assert "--poll-interval does not go with a run" in err


# ---- energy -------------------------------------------------------------------------------------


def test_a_poll_every_five_seconds_keeps_an_lte_radio_awake(capsys):
    out = told(capsys, "energy", "--rate-per-client", "1/min", "--radio", "lte")
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line}
    joules = float(rows["short-polling"][1].replace(",", ""))
    assert joules == pytest.approx(3_600 * 1.06, rel=0.002)
    assert float(rows["short-polling"][3]) == pytest.approx(joules / 54_000 * 100, rel=0.01)
    assert rows["short-polling"][4:6] == ["100", "%"]
    assert float(rows["websocket"][1].replace(",", "")) < joules * 0.6
    assert "5G is not covered" in out


def test_a_million_clients_ping_as_often_whoever_computes_it(capsys):
    # An acknowledgement is a word too: it starts MQTT's keep-alive of 30 s anew.
    asked = ["--clients", "1e6", "--rate-per-client", "1/h", "--json"]
    priced = json.loads(told(capsys, "cost", *asked))["traffic"]["mqtt"]
    predicted = json.loads(told(capsys, "predict", *asked))["transports"]["mqtt"]
    assert round(priced["hits_per_s"]) == 33_472
    assert round(predicted["closed"]["hits_per_s"]) == 33_472
    assert predicted["simulated"]["hits_per_s"] == pytest.approx(33_472, rel=0.02)


def test_energy_uses_the_keep_alives_that_transports_declare(capsys):
    found = json.loads(
        told(capsys, *["energy", "--rate-per-client", "1/h", "--radio", "lte", "--json"])
    )
    joules = {
        name: round(cell["radios"]["lte"]["joules_per_hour"])
        for name, cell in found["cells"].items()
    }
    assert joules["sse"] == 2_666  # the hub speaks every 15 s
    assert joules["long-polling"] == joules["mqtt"] == 1_376  # every 30 s
    assert joules["long-polling"] < joules["websocket"] < joules["sse"]  # it pings every 20 s


def test_push_pays_for_its_keep_alives(capsys):
    spent = []
    for keep_alive in ("0", "300s", "5s"):
        found = json.loads(
            told(
                capsys,
                *["energy", "--rate-per-client", "0", "--radio", "lte", "--json"],
                *["--keep-alive", keep_alive],
            )
        )
        spent.append(found["cells"]["mqtt"]["radios"]["lte"]["joules_per_hour"])
    assert spent[0] < spent[1] < spent[2]
    assert spent[2] == pytest.approx(3_600 * 1.06, rel=0.01)


def test_a_smaller_battery_loses_a_larger_share(capsys):
    shares = []
    for battery in ("15Wh", "27kJ"):
        out = told(capsys, "energy", "--rate-per-client", "1/min", "--battery", battery, "--json")
        radios = json.loads(out)["cells"]["sse"]["radios"]
        shares.append(radios["3g"]["battery_percent_per_hour"])
    assert shares[1] == pytest.approx(2 * shares[0])


def test_a_run_gives_its_own_times(capsys, folder):
    found = json.loads(told(capsys, "energy", folder, "--radio", "wifi", "--json"))
    cells = found["cells"]
    assert all(cell["measured"] for cell in cells.values())
    assert {cell["clients"] for cell in cells.values()} == {10}  # five in each of two trials
    # A message every half second, each with a tail of a quarter: awake half of the time.
    assert cells["sse"]["radios"]["wifi"]["radio_on"] == pytest.approx(0.5, abs=0.03)
    # A poll every second.
    assert cells["short-polling"]["radios"]["wifi"]["radio_on"] == pytest.approx(0.25, abs=0.03)
    assert cells["short-polling"]["radios"]["wifi"]["wakeups_per_hour"] == pytest.approx(
        3_600, rel=0.1
    )
    assert any("stand for the hour" in note for note in found["notes"])


def test_a_run_that_wrote_no_times_is_predicted(capsys, tmp_path):
    folder = simulate(tmp_path, *STANDARD[:3], trials=1, duration_s=4)
    for path in (folder / "traffic").iterdir():
        path.unlink()
    out = told(capsys, "energy", folder, "--radio", "lte")
    assert "predicted from the settings" in out
    assert (folder / "charts" / "8-radio.png").exists()
