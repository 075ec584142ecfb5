from pathlib import Path

from pushlab.contract.cursor import Cursor
from pushlab.contract.registry import make_transport, transport_names
from pushlab.contract.serving import Entry, HubSettings, Page


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


def test_who_vanishes_is_present_for_one_span_that_is_told():
    bound_s = HubSettings().vanished_s
    assert bound_s == 1.5 * HubSettings().lease_s
    for name in transport_names():
        transport = make_transport(name)
        profile = transport.in_force(HubSettings())
        if profile.client_keeps_alive:  # and its broker waits half as long again
            assert profile.timers.keep_alive_s * 1.5 <= bound_s, name
        assert profile.timers.lease_s <= bound_s, name
    page = (Path(__file__).parents[2] / "servers/hub/README.md").read_text()
    assert f"is present for at most\n{bound_s:g} s, on every transport" in page
    assert HubSettings(lease_s=0.1).vanished_s == 10
    assert HubSettings(lease_s=600).vanished_s == 900


def test_no_probe_wakes_who_is_served_by_the_usual_dials():
    usual = HubSettings()
    silent = [make_transport(name).in_force(usual).timers for name in transport_names()]
    spans = [max(timers.keep_alive_s, timers.hold_s) for timers in silent]
    assert max(spans) < int(usual.unheard_s)


def test_a_page_leaves_the_reader_behind_its_last_entry():
    entries = [Entry("a", seq, "x", 1, 0) for seq in (4, 5)]
    assert Page(Cursor("a", 3), None, entries, False).cursor == Cursor("a", 5)
    assert Page(Cursor("a", 3), None, (), False).cursor == Cursor("a", 3)
