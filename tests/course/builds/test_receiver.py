"""The solution of chapter 6 acknowledges as MQTT says, and tells messages apart as pushlab does."""

from pushlab.contract.frames import decode_frame, encode_frame
from pushlab.course.builds.attempts import cell
from pushlab.course.builds.receiver import BUILDS
from pushlab.wire.mqtt311 import PUBACK, Acked, Parser, Publish, acknowledge, publish


def test_it_works_on_what_a_broker_really_sends():
    """PUBLISH packets as bytes; DUP is the fourth bit of their first byte (section 3.3.1.1)."""
    shown, receipts = [], []
    receiver = cell(BUILDS[0].code, BUILDS[0].name)(shown.append, receipts.append)
    for packet_id, dup, seq in ((1, 0, 1), (2, 0, 2), (1, 1, 1), (2, 1, 2), (1, 0, 3)):
        raw = publish(
            "valve", encode_frame("a7", seq, f"open {seq}").encode(), qos=1, packet_id=packet_id
        )
        raw = bytes([raw[0] | dup << 3]) + raw[1:]
        (packet,) = Parser().receive(raw)
        assert isinstance(packet, Publish)
        payload = packet.payload.decode()
        assert decode_frame(payload) == ("a7", seq, f"open {seq}")
        receiver.on_publish(packet.packet_id, bool(dup), payload)
    assert shown == ["open 1", "open 2", "open 3"]
    sent = b"".join(acknowledge(PUBACK, each) for each in receipts)
    assert Parser().receive(sent) == [Acked(PUBACK, each) for each in (1, 2, 1, 2, 1)]
