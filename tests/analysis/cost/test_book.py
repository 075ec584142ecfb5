"""The price book: tiers, files of one's own, and one clear line for a bad one."""

from datetime import date

import pytest

from pushlab.analysis.cost.book import CONFIDENCES, PriceBook, load_book, weakest
from pushlab.analysis.cost.meter import Meter
from pushlab.errors import UsageError

HEAD = "provider,product,item,usd,per,above,free,step_bytes,metering,source,read,confidence\n"


def own(tmp_path, *lines, head=HEAD):
    path = tmp_path / "mine.csv"
    path.write_text(head + "\n".join(lines) + "\n")
    return path


def test_every_price_has_a_source_a_day_and_a_confidence():
    prices = list(load_book())
    assert len(prices) > 25
    for price in prices:
        assert price.usd > 0
        assert price.source
        assert price.read
        assert price.confidence in CONFIDENCES


def test_tiers_share_what_is_charged():
    meter = Meter(book=load_book())
    lines = meter.charge("aws api-gateway-rest request", "polls", 1.5e9)
    assert [line.units for line in lines] == pytest.approx([333e6, 667e6, 500e6])
    assert sum(line.usd for line in lines) == pytest.approx(333 * 3.5 + 667 * 2.8 + 500 * 2.38)


@pytest.mark.parametrize("units", [0.0, 1.0, 300e6, 300e6 + 1])
def test_the_lines_hold_every_unit_once(units):
    lines = Meter(book=load_book()).charge("aws api-gateway-http request", "polls", units)
    assert sum(line.units for line in lines) == pytest.approx(units)
    assert len(lines) == (2 if units > 300e6 else 1)


def test_a_file_of_ones_own_replaces_an_item_with_all_its_tiers(tmp_path):
    path = own(
        tmp_path, "aws,api-gateway-http,request,0.50,million,,,,,contract,2026-11-01,primary"
    )
    book = load_book(path)
    (tier,) = book.tiers("aws", "api-gateway-http", "request")
    assert tier.usd_per_unit == pytest.approx(0.5e-6)
    assert len(load_book().tiers("aws", "api-gateway-http", "request")) == 2
    assert book.tiers("aws", "lambda", "request")


def test_a_new_item_is_added(tmp_path):
    path = own(tmp_path, "me,rack,hour,0.10,hour,,,,,invoice,2026-11-01,primary")
    assert load_book(path).tiers("me", "rack", "hour")[0].usd_per_unit == 0.10


def test_an_item_that_no_book_has():
    with pytest.raises(UsageError, match="no price for aws snail mail"):
        load_book().tiers("aws", "snail", "mail")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a,b,c,-1,million,,,,,s,2026-01-01,primary", "line 2: usd: -1 must be"),
        ("a,b,c,nan,million,,,,,s,2026-01-01,primary", "line 2: usd: nan must be"),
        ("a,b,c,dear,million,,,,,s,2026-01-01,primary", "line 2: usd: 'dear' is no number"),
        ("a,b,c,1,million,,,,,,2026-01-01,primary", "line 2: source is empty"),
        ("a,b,c,1,million,,,,,s,2026-01-01,certain", "line 2: confidence is 'certain'"),
        ("a,b,c,1,million,5,,,,s,2026-01-01,primary", "a b c: its tiers must begin above 0"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, said):
    with pytest.raises(UsageError, match=r"mine\.csv: ") as error:
        load_book(own(tmp_path, line))
    assert said in str(error.value)


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(UsageError, match="the column 'source' is missing"):
        load_book(own(tmp_path, head="provider,product,item,usd,per,read,confidence"))


def test_a_file_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(UsageError, match="no such price file"):
        load_book(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(UsageError, match="cannot be read"):
        load_book(tmp_path / "binary.csv")


def read_on(tmp_path, *days):
    rows = [f"me,p{i},hour,1,hour,,,,,s,{day},primary" for i, day in enumerate(days)]
    return PriceBook(price for price in load_book(own(tmp_path, *rows)) if price.provider == "me")


@pytest.mark.parametrize(
    ("day", "today", "age"),
    [
        ("2026-01-01", date(2026, 1, 31), 30),
        ("2024", date(2025, 12, 31), 365),  # at its end, at the latest
        ("2024-02", date(2024, 3, 1), 1),
        ("undated", date(2026, 1, 1), None),
        ("2026-13-40", date(2026, 1, 1), None),
    ],
)
def test_how_old_a_price_is_at_least(tmp_path, day, today, age):
    (price,) = read_on(tmp_path, day)
    assert price.age_days(today) == age


def test_prices_older_than_a_year_warn(tmp_path):
    book = read_on(tmp_path, "2026-09-20", "2024", "undated")
    assert book.warnings(date(2025, 12, 31)) == []
    (warning,) = book.warnings(date(2027, 1, 1))
    assert warning.startswith("1 of 3 prices read more than a year ago, the oldest on 2024 (me p1)")
    (warning,) = book.warnings(date(2028, 1, 1))
    assert warning.startswith("2 of 3 prices")
    assert book.warnings(date(2027, 1, 1), among=list(book)[:1]) == []


def test_a_warning_names_no_more_than_can_be_read(tmp_path):
    (warning,) = read_on(tmp_path, *["2020-01-01"] * 9).warnings(date(2026, 1, 1))
    assert "(me p0, me p1, me p2 and 6 more)" in warning


def test_a_price_in_words(tmp_path):
    said = {price.key[1:]: price.words for price in load_book()}
    assert said["alb", "hour"] == "USD 0.0225 an hour"
    assert said["lambda", "request"] == "USD 0.20 a million"


def test_a_sum_is_as_good_as_its_weakest_term():
    assert weakest(["primary", "weak", "transcription"]) == "weak"
    assert weakest([]) is None
