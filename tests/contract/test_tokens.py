import traceback

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pushlab.contract.limits import MAX_CLIENT_ID_BYTES
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.errors import InvalidChannel, InvalidClientId, InvalidDuration, Refused, UsageError

NOW = 1_800_000_000.0
KEYS = TokenKeys({"k1": b"sixteen bytes ok"})
names = st.text(min_size=1, max_size=60).filter(lambda text: len(text.encode()) <= 256)


def issue(keys=KEYS, client_id="ann", channel="room", minutes=120):
    return keys.issue(client_id=client_id, channel=channel, duration_minutes=minutes, now=NOW)


def refusal(token, *, keys=KEYS, now=NOW):
    with pytest.raises(Refused) as caught:
        keys.verify(token, now=now)
    assert caught.value.status == 401
    return caught.value


@given(names, names, st.integers(1, 1_440))
@example("\0" * MAX_CLIENT_ID_BYTES, "\x1f" * 256, 1_440)
@example("a.b", "..", 1)
def test_a_token_says_what_was_granted(client_id, channel, minutes):
    token, grant = issue(client_id=client_id, channel=channel, minutes=minutes)
    assert KEYS.verify(token, now=NOW) == grant
    assert (grant.client_id, grant.channel) == (client_id, channel)
    assert grant.expires_at == NOW + minutes * 60


def test_a_token_fits_into_a_header_and_a_url():
    token, _ = issue(client_id="漢" * 85, channel="\0" * 256)
    allowed = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    assert set(token) <= allowed


def test_two_tokens_for_the_same_are_different_grants():
    (first, one), (second, two) = issue(), issue()
    assert first != second
    assert one.grant_id != two.grant_id


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"client_id": ""}, InvalidClientId),
        ({"client_id": "x" * 257}, InvalidClientId),
        ({"channel": ""}, InvalidChannel),
        ({"channel": "é" * 129}, InvalidChannel),
        ({"minutes": 0}, InvalidDuration),
        ({"minutes": 1_441}, InvalidDuration),
    ],
)
def test_nothing_is_granted_outside_the_limits(wrong, error):
    with pytest.raises(error):
        issue(**wrong)


def test_every_changed_character_is_noticed():
    token, _ = issue()
    for place, right in enumerate(token):
        for wrong in "A", "b", "0", "-", "_", ".", "=", "\0", "é", "\ud800":
            if wrong != right:
                refusal(token[:place] + wrong + token[place + 1 :])


def test_every_flipped_bit_is_noticed():
    token = issue()[0].encode()
    for place in range(len(token)):
        for bit in range(8):
            changed = bytearray(token)
            changed[place] ^= 1 << bit
            refusal(changed.decode("latin-1"))


def test_every_shortened_and_lengthened_token_is_noticed():
    token, _ = issue()
    for place in range(len(token)):
        refusal(token[:place])
        refusal(token[place + 1 :])
        refusal(token[:place] + token[place] * 2 + token[place + 1 :])
    for more in ".", "=", "==", "A", " ", "\n", ".A":
        refusal(token + more)


@given(st.one_of(st.text(max_size=200), st.text("k1.AZaz09-_=", max_size=200)))
@example("")
@example("..")
@example("k1..")
@example("k1.W10.")
@example("k1." + "A" * 100_000 + ".A")
@example("k1.\ud800.A")
def test_no_text_breaks_the_check(text):
    refusal(text)


def test_a_payload_is_read_only_behind_a_signature_that_fits():
    _, payload, signature = issue()[0].split(".")
    _, other_payload, _ = issue(client_id="eve")[0].split(".")
    assert refusal(f"k1.{other_payload}.{signature}").reason == "token-invalid"
    assert refusal(f"k1.{payload}.").reason == "token-invalid"


@given(st.floats(0, 10**6))
def test_a_token_ends_when_it_says(late_s):
    token, grant = issue(minutes=1)
    assert refusal(token, now=grant.expires_at + late_s).reason == "token-expired"
    assert KEYS.verify(token, now=grant.expires_at - 0.001) == grant


def test_an_expired_token_that_is_forged_is_called_invalid():
    token, grant = issue()
    assert refusal(token[:-1], now=grant.expires_at + 1).reason == "token-invalid"


def test_rotation_accepts_the_old_key_and_signs_with_the_new_one():
    old = TokenKeys({"k1": b"one" * 8})
    token, grant = issue(old)
    both = TokenKeys({"k2": b"two" * 8, "k1": b"one" * 8})
    assert both.verify(token, now=NOW) == grant
    newer, newer_grant = issue(both)
    assert newer.startswith("k2.")
    assert TokenKeys({"k2": b"two" * 8}).verify(newer, now=NOW) == newer_grant


def test_dropping_a_key_revokes_its_tokens():
    token, _ = issue(TokenKeys({"k1": b"one" * 8}))
    assert refusal(token, keys=TokenKeys({"k2": b"two" * 8})).reason == "token-revoked"


def test_another_secret_under_the_same_key_id_makes_tokens_invalid():
    token, _ = issue(TokenKeys({"k1": b"one" * 8}))
    assert refusal(token, keys=TokenKeys({"k1": b"two" * 8})).reason == "token-invalid"


def test_a_key_id_cannot_be_moved_onto_another_keys_signature():
    secret = b"same secret for both"
    keys = TokenKeys({"k1": secret, "k2": secret})
    token, _ = issue(keys)
    assert refusal("k2" + token[2:], keys=keys).reason == "token-invalid"


def test_keys_survive_the_way_to_a_child_process():
    keys = TokenKeys({"k2": b"two" * 8, "k1": bytes(range(32))})
    restored = TokenKeys.restore(keys.export())
    assert restored.export() == keys.export()
    token, grant = issue(keys)
    assert restored.verify(token, now=NOW) == grant
    assert issue(restored)[0].startswith("k2.")


def test_fresh_keys_differ():
    assert TokenKeys.fresh().export() != TokenKeys.fresh().export()


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({}, "at least one key"),
        ({"a.b": b"x" * 16}, "letters and digits"),
        ({"": b"x" * 16}, "letters and digits"),
        ({"é": b"x" * 16}, "letters and digits"),
        ({"k1": b"x" * 15}, "at least 16 bytes"),
    ],
)
def test_unusable_keys_are_refused_without_showing_a_secret(keys, says):
    with pytest.raises(UsageError, match=says) as caught:
        TokenKeys(keys)
    assert "xxxx" not in str(caught.value)


def test_no_secret_and_no_token_in_any_repr():
    secret = b"a secret of the server"
    keys = TokenKeys({"k1": secret})
    token, grant = issue(keys)
    for shown in repr(keys), str(keys), repr(grant), str(grant):
        assert token not in shown
        assert token.split(".")[2] not in shown
        assert secret.decode() not in shown
        assert secret.hex() not in shown


@settings(max_examples=50)
@given(st.data())
def test_no_token_in_any_error_text(data):
    token, grant = issue()
    place = data.draw(st.integers(0, len(token) - 1))
    changed = token[:place] + data.draw(st.sampled_from("Ab0-.")) + token[place + 1 :]
    now = data.draw(st.sampled_from([NOW, grant.expires_at]))
    try:
        KEYS.verify(changed, now=now)
    except Refused as error:
        text = "".join(traceback.format_exception(error)) + repr(error) + error.detail
        signature = changed.split(".")[-1]
        assert changed not in text
        assert len(signature) < 8 or signature not in text


def test_a_grant_that_is_complete_is_signed_as_it_is():
    grant = Grant("ann", "room", NOW + 1.5, "g1")
    token, same = KEYS.sign(grant)
    assert same == grant
    assert KEYS.verify(token, now=NOW) == grant
    assert refusal(token, now=NOW + 1.5).reason == "token-expired"
