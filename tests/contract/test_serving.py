from pushlab.contract.cursor import Cursor
from pushlab.contract.serving import BrokerAccess, Entry, Page


def test_an_entry_is_encoded_once_for_each_wire_format():
    calls = []

    def upper(entry):
        calls.append("upper")
        return entry.data.upper()

    def as_bytes(entry):
        calls.append("bytes")
        return entry.data.encode()

    entry = Entry("a", 1, "x", 1, 0)
    for _ in range(3):
        assert entry.form(upper) == "X"
        assert entry.form(as_bytes) == b"x"
    assert calls == ["upper", "bytes"]


def test_a_page_leaves_the_reader_behind_its_last_entry():
    entries = [Entry("a", seq, "x", 1, 0) for seq in (4, 5)]
    assert Page(Cursor("a", 3), None, entries, False).cursor == Cursor("a", 5)
    assert Page(Cursor("a", 3), None, (), False).cursor == Cursor("a", 3)


def test_the_bridges_password_is_in_no_repr():
    access = BrokerAccess("remote", "127.0.0.1", 1883, "bridge", "hunter2")
    assert "hunter2" not in repr(access)
