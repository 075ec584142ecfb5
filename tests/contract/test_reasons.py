import pytest

from pushlab.contract.reasons import (
    CHANNEL_API_PHRASES,
    SERVER_RESTART,
    SLOW_READER,
    is_final,
    reason_of,
    reason_of_phrase,
    status_of_close_code,
    to_close_code,
)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 429, 500, 503])
def test_a_close_code_says_what_the_status_says(status):
    code = to_close_code(status)
    assert 4_000 <= code <= 4_999  # RFC 6455, section 7.4.2
    assert status_of_close_code(code) == status


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 3000, 4000, 4999])
def test_other_close_codes_mean_come_back_later(code):
    assert not is_final(status_of_close_code(code))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_a_refusal_that_will_not_change_is_the_end(status):
    assert is_final(status)


@pytest.mark.parametrize(
    "status", [0, 200, 302, 429, 500, 502, 503, SLOW_READER.status, SERVER_RESTART.status]
)
def test_a_refusal_that_may_pass_is_not(status):
    assert not is_final(status)


@pytest.mark.parametrize("said", ["", "x" * 200, "a\x1b[31mb", "a\nb", "\u202e", 7, None])
def test_a_reason_that_is_not_fit_to_be_shown_is_its_status(said):
    assert reason_of(403, said) == "http-403"
    assert reason_of(401, "token-expired") == "token-expired"


def test_the_channel_apis_phrases_lead_back_to_the_reason_that_a_client_can_act_on():
    back = {word: reason_of_phrase(401, phrase) for word, phrase in CHANNEL_API_PHRASES.items()}
    assert back == {
        "token-expired": "token-expired",
        "token-invalid": "token-invalid",
        "token-missing": "token-invalid",
        "token-revoked": "token-invalid",
    }
    assert reason_of_phrase(401, "Unauthorized") == "http-401"
