from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from pushlab.wire.websocket_core import ClientCore, ServerCore

BEGUN = Frame(Opcode.TEXT, b"a", fin=False).serialize(mask=True)
CLOSE = Frame(Opcode.CLOSE, b"\x0f\xa0").serialize(mask=True)


def answer_of(core):
    core.receive_data(BEGUN + CLOSE)
    return core.close_sent.code


def test_a_close_within_a_message_is_echoed():
    assert answer_of(ServerCore(state=State.OPEN)) == 4000


def test_a_message_within_a_message_is_refused():
    core = ServerCore(state=State.OPEN)
    core.receive_data(BEGUN + BEGUN)
    assert core.close_sent.code == 1002


def test_the_library_alone_still_needs_it():
    assert answer_of(ServerProtocol(state=State.OPEN)) == 1002


def test_a_client_does_so_too():
    core = ClientCore(parse_uri("ws://127.0.0.1/"), state=State.OPEN)
    core.receive_data(Frame(Opcode.TEXT, b"a", fin=False).serialize(mask=False))
    core.receive_data(Frame(Opcode.CLOSE, b"\x0f\xa0").serialize(mask=False))
    assert core.close_sent.code == 4000
