"""What a scenario cannot ask of a server that is not the hub."""

import pytest

from pushlab.errors import ScenarioError
from pushlab.lab.scenario.toml_reader import parse_scenario

SYSTEM = """\
[system]
{where}
publish = {{ path = "/rooms/{{channel}}" }}
[system.sse]
path = "/rooms/{{channel}}/events"
[system.websocket]
path = "/ws"
"""
STARTED = SYSTEM.format(where="start = 'app --port {port}'")
ATTACHED = SYSTEM.format(where="url = 'http://127.0.0.1:8000'")
ENCRYPTED = SYSTEM.format(where="url = 'https://staging.example'")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("payload_bytes = 15\n" + STARTED, r":1: payload_bytes: sse on mine: .*smallest has 16"),
        ("tls = true\n" + STARTED, r":1: tls: .*mine is measured in plain text; leave out tls"),
        ("tls = true\n" + ATTACHED, r":1: tls: .*mine is measured in plain text"),
        ("tls = false\n" + ENCRYPTED, r":1: tls: .*mine is encrypted, as its url says"),
        ("stall_s = 1\n" + ATTACHED, r":1: stall_s: .*mine is attached to, and nobody here may"),
        (
            "channels = 'per-client'\n" + STARTED,
            r":1: channels: websocket on mine: there are 50, and system.websocket names none",
        ),
        (
            STARTED + "[[transport]]\nname = 'sse'\nclient = 'browser'\n",
            r"client: sse on mine in Chromium: channel.js.* speaks to pushlab's hub alone",
        ),
        (
            "arrivals = 'trace'\ntrace = '''0.5 0 15\n1 0 99'''\n" + STARTED,
            r"trace: sse on mine: a message of 15 bytes has no room",
        ),
    ],
)
def test_what_does_not_go_together_is_told(text: str, told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        parse_scenario(text, "mine.toml")


def test_what_goes_together_is_taken() -> None:
    assert not parse_scenario("stall_s = 1\n" + STARTED, "mine.toml").tls
    assert parse_scenario("channels = 'shared'\n" + ATTACHED, "mine.toml").channel_count == 1
    chosen = "channels = 'rooms'\n" + STARTED + "[[transport]]\nname = 'sse'\n"
    assert parse_scenario(chosen, "mine.toml").channel_count == 5


def test_a_server_that_is_encrypted_makes_all_connections_so() -> None:
    assert parse_scenario('systems = ["hub", "mine"]\n' + ENCRYPTED, "mine.toml").tls
