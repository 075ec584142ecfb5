from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from pushlab.contract import reasons
from pushlab.contract.cursor import Cursor
from pushlab.contract.limits import check_channel, check_client_id, check_message
from pushlab.contract.schemas import CURSOR, NAMED, REFUSAL, closed_object, reason_object
from pushlab.errors import InvalidCursor, PushlabError

DRAFTS = [Draft7Validator, Draft202012Validator]


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("name", NAMED)
def test_a_schema_is_one_in_both_drafts_and_takes_its_own_examples(name, draft):
    draft.check_schema(NAMED[name])
    assert NAMED[name]["description"]
    for example in NAMED[name]["examples"]:
        draft(NAMED[name]).validate(example)


@pytest.mark.parametrize(
    ("name", "check"),
    [("ClientId", check_client_id), ("Channel", check_channel), ("Message", check_message)],
)
@pytest.mark.parametrize("text", ["", "a", "a" * 256, "a" * 257, "a" * 32_767, "a" * 32_768])
def test_a_text_of_ascii_fits_its_schema_where_the_contract_takes_it(name, check, text):
    try:
        fits = check(text) == text
    except PushlabError:
        fits = False
    assert Draft7Validator(NAMED[name]).is_valid(text) is fits


@given(
    st.one_of(
        st.from_regex(CURSOR["pattern"], fullmatch=True),
        st.text("0a-9z A\n", max_size=24),
    )
)
def test_what_fits_the_cursors_schema_is_a_cursor(text):
    try:
        fits = str(Cursor.parse(text)) == text
    except InvalidCursor:
        fits = False
    if not text.endswith("\n"):  # Python's $ alone looks past that
        assert Draft7Validator(CURSOR).is_valid(text) is fits


@pytest.mark.parametrize("name", sorted(set(reasons.__all__)))
def test_every_reason_is_told_as_a_refusal(name):
    reason = getattr(reasons, name)
    if isinstance(reason, reasons.Reason):
        Draft7Validator(REFUSAL).validate(reason().to_json())
        assert reason("other words").to_json()["detail"] == "other words"
        assert reason.such("others") == replace(reason, detail="others")
        assert reason.ending == (reason.word, reason.status)


def test_an_object_has_its_properties_and_no_more():
    check = Draft7Validator(closed_object({"a": {}, "b": {}}, "b"))
    assert check.is_valid({"a": 1})
    assert check.is_valid({"a": 1, "b": 2})
    assert not check.is_valid({"b": 2})
    assert not check.is_valid({"a": 1, "c": 2})


def test_an_object_with_a_reason_has_one_of_these():
    schema = reason_object(
        [reasons.TOKEN_EXPIRED, reasons.SLOW_READER], "word", "code", added=4_000
    )
    check = Draft7Validator(schema)
    assert check.is_valid({"word": "slow-reader", "code": 4408})
    assert not check.is_valid({"word": "slow", "code": 4408})
    assert not check.is_valid({"word": "slow-reader", "code": 408})
    assert [(each["reason"], each["status"]) for each in schema["x-reasons"]] == [
        ("token-expired", 401),
        ("slow-reader", 408),
    ]
