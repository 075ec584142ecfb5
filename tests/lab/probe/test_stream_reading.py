from pushlab.lab.probe.http_reading import Exchange
from pushlab.lab.probe.stream_reading import blocks, frames, retry_ms


def test_an_event_stream_is_cut_into_blocks_with_their_moments():
    body = [(10, b"retry: 250\n: hello\n\nid: 1\nda"), (20, b"ta: a\n\n")]
    stream = Exchange(b"", 0, body=body)
    (first_ns, comment), (second_ns, event) = blocks(stream)
    assert (first_ns, comment.data, comment.comments) == (10, None, ["hello"])
    assert (second_ns, event.data, event.id) == (20, "a", "1")
    assert retry_ms(stream) == 250


def test_frames_may_come_in_any_pieces():
    long = b"\x81\x7e\x01\x00" + b"a" * 256
    data = b"\x89\x00" + b"\xc1\x02ok" + long + b"\x88\x02\x03\xe9"
    for size in (1, 3, len(data)):
        pieces = [(at, data[at : at + size]) for at in range(0, len(data), size)]
        ping, text, other, close = frames(Exchange(b"", 0, rest=pieces))
        assert ping.is_ping
        assert ping.is_control
        assert (text.payload, text.compressed) == (b"ok", True)
        assert (len(other.payload), other.compressed) == (256, False)
        assert close.is_control
