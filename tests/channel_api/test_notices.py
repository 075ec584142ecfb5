"""A notice of presence is believed only if the hub's key signed it, and just now."""

import ast
import hashlib
import hmac
import re
import textwrap
import time
from pathlib import Path

import pytest

from pushlab.channel_api import notices, verify_presence
from pushlab.contract.presence_signature import sign_presence
from pushlab.errors import ForgedNotice, UsageError

KEY, HUB, PATH, BODY = "k" * 24, "aa11", "/app/_ah/channel/connected/", b"from=ann&channel=r%C3%A9"
NOW = 1_767_225_600


def signed(**changes):
    given = {"at_s": NOW, "hub": HUB, "path": PATH, "body": BODY, **changes}
    return {"pushlab-hub": HUB, "PUSHLAB-SIGNATURE": sign_presence(KEY, **given)}


def test_a_signed_notice_is_read_below_any_prefix():
    for path in (PATH, "/_ah/channel/connected/", "/other/_ah/channel/connected/"):
        notice = verify_presence(signed(), path, BODY, key=KEY, now=NOW + 299)
        assert (notice.what, notice.client_id, notice.channel) == ("connected", "ann", "ré")
        assert (notice.connected, notice.hub) == (True, HUB)


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {}},
        {"headers": {"Pushlab-Signature": "t=1,v1="}},
        {"headers": signed(hub="another")},
        {"headers": signed(at_s=NOW - 301)},
        {"headers": signed(at_s=NOW + 301)},
        {"headers": signed(path="/_ah/channel/else/"), "path": "/_ah/channel/else/"},
        {"path": "/_ah/channel/disconnected/"},
        {"body": b"from=bob"},
        {"body": b""},
        {"key": "another key"},
    ],
    ids=str,
)
def test_what_is_forged_old_or_meant_for_another_handler_is_refused(changes):
    given = {"headers": signed(), "path": PATH, "body": BODY, "key": KEY, "now": NOW, **changes}
    with pytest.raises(ForgedNotice) as caught:
        verify_presence(given.pop("headers"), given.pop("path"), given.pop("body"), **given)
    assert KEY not in str(caught.value)


def test_the_key_comes_from_the_environment(monkeypatch):
    monkeypatch.delenv("PUSHLAB_API_KEY", raising=False)
    monkeypatch.delenv("PUSHLAB_PRESENCE_KEY", raising=False)
    with pytest.raises(UsageError, match="PUSHLAB_PRESENCE_KEY"):
        verify_presence(signed(), PATH, BODY, now=NOW)
    monkeypatch.setenv("PUSHLAB_API_KEY", KEY)
    assert verify_presence(signed(), PATH, BODY, now=NOW).connected
    monkeypatch.setenv("PUSHLAB_PRESENCE_KEY", "another")
    with pytest.raises(ForgedNotice):
        verify_presence(signed(), PATH, BODY, now=NOW)


def test_the_lines_for_a_receiver_without_pushlab_say_the_same():
    (lines,) = re.findall(r"do the same::\n\n(.*)", notices.__doc__, re.S)
    room = {}
    exec(textwrap.dedent(lines), room)
    headers = {
        "Pushlab-Hub": HUB,
        "Pushlab-Signature": signed(at_s=int(time.time()))["PUSHLAB-SIGNATURE"],
    }
    assert room["is_genuine"](KEY, headers, PATH, BODY)
    assert not room["is_genuine"](KEY, headers, PATH, b"from=bob")
    assert not room["is_genuine"](KEY, {}, PATH, BODY)
    old = {"Pushlab-Hub": HUB, "Pushlab-Signature": signed()["PUSHLAB-SIGNATURE"]}
    assert not room["is_genuine"](KEY, old, PATH, BODY) or abs(time.time() - NOW) < 300


def test_the_readme_has_the_same_lines():
    (lines,) = re.findall(r"do the same::\n\n(.*)", notices.__doc__, re.S)
    readme = (Path(__file__).parents[2] / "servers/hub/README.md").read_text()
    (told,) = re.findall(r"```python\n([^`]*is_genuine[^`]*)```", readme)
    functions = [ast.parse(text).body[-1] for text in (told, textwrap.dedent(lines))]
    assert ast.dump(functions[0]) == ast.dump(functions[1])


def test_the_signature_is_the_documented_hmac():
    text = f"{NOW}\n{HUB}\n/_ah/channel/connected/\n".encode() + BODY
    digits = hmac.new(KEY.encode(), text, hashlib.sha256).hexdigest()
    assert sign_presence(KEY, at_s=NOW, hub=HUB, path=PATH, body=BODY) == f"t={NOW},v1={digits}"
