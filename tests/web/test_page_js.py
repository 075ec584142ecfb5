"""What pages say of a transport is what the transport declares."""

import re

from pushlab.contract.registry import STANDARD, load_transport
from pushlab.web.files import Files

_SHOWN = re.compile(r'\{ name: "([a-z-]+)", title: "([^"]+)", asks: (true|false),')


def test_pages_show_each_transport_by_the_title_and_kind_of_its_profile() -> None:
    page = Files().asset("page.js")
    assert page is not None
    shown = _SHOWN.findall(page.body.decode())
    names = [name for name, _, _ in shown]
    assert names[: len(STANDARD)] == list(STANDARD)
    for name, title, asks in shown:
        profile = load_transport(name).profile
        assert (title, asks) == (profile.title, "true" if profile.asks else "false")
