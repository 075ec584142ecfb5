"""Chromium's own EventSource, WebSocket and XMLHttpRequest, without channel.js, the first two on a
line that is spoilt and cut.

The page is an answer of the hub's own, so that its origin is the hub's: a page that the test made
up would come from nowhere, and Chromium lets no such page speak to a machine nearby. Its script is
what a reader of the hub's documentation would write. EventSource resumes by itself, with
Last-Event-ID; a WebSocket's page opens another one with ``?after=``.
"""

import time

import pytest

from pushlab.contract.tokens import Grant
from tests.bad_link import BadLink
from tests.web.live_site import until

EVENT_SOURCE = """token => {
  window.got = [];
  window.opened = 0;
  window.source = new EventSource(`/v1/events?token=${token}`);
  source.onopen = () => { opened += 1; };
  source.onmessage = event => { if (event.data) got.push(event.data); };
}"""

WEB_SOCKET = """token => {
  window.got = [];
  window.opened = 0;
  let after = "";
  const open = () => {
    const socket = new WebSocket(`ws://${location.host}/v1/socket?token=${token}${after}`);
    socket.onmessage = event => {
      const space = event.data.indexOf(" ");
      const text = space < 0 ? "" : event.data.slice(space + 1);
      after = `&after=${space < 0 ? event.data : event.data.slice(0, space)}`;
      if (text) got.push(text); else opened += 1;
    };
    socket.onclose = () => setTimeout(open, 100);
  };
  open();
}"""


def texts(first: int, last: int) -> list[str]:
    return [f"{n}: {chr(0x4E00 + n)}\n😀" for n in range(first, last)]


@pytest.mark.parametrize("script", [EVENT_SOURCE, WEB_SOCKET], ids=["EventSource", "WebSocket"])
def test_chromiums_own_client_is_cut_off_and_loses_nothing(own_site, context, script):
    site = own_site()
    with BadLink.before(site.url) as proxy:
        page = context.new_page()
        page.goto(proxy.in_place_of(site.url) + "/v1/nothing-is-here")
        page.evaluate(script, site.token("ann"))
        until(lambda: page.evaluate("opened"), "the server accepts the page")
        site.publish_all("ann", texts(0, 10))
        until(lambda: len(page.evaluate("got")) == 10, "ten messages")
        proxy.swallow()
        site.publish_all("ann", texts(10, 20))
        until(lambda: b"10: " in proxy.swallowed, "the server has sent what will not arrive")
        proxy.cut()
        site.publish_all("ann", texts(20, 30))
        until(lambda: len(page.evaluate("got")) >= 30, "what was lost on the way, and after it")
        assert page.evaluate("opened") == 2
        site.publish_all("ann", texts(30, 40))
        until(lambda: len(page.evaluate("got")) >= 40, "what came later")
        assert page.evaluate("got") == texts(0, 40)
        assert site.hits("sse" if script is EVENT_SOURCE else "websocket")["reconnect"] == 1


def test_a_page_of_2011_that_polls_by_itself_reads_what_is_wrong_with_its_token(site, context):
    page = context.new_page()
    page.goto(site.url + "/v1/nothing-is-here")
    ask = """([command, token]) => {
      const request = new XMLHttpRequest();
      request.open("GET", `/_ah/channel/dev?command=${command}&channel=${token}`, false);
      request.send();
      return [request.status, request.statusText, request.responseText];
    }"""
    expired = site.keys.sign(Grant("old", "old", time.time() - 1, "00"))[0]
    assert page.evaluate(ask, ["poll", expired])[:2] == [401, "Token+timed+out."]
    assert page.evaluate(ask, ["poll", ""])[:2] == [401, "Invalid+token."]
    assert page.evaluate(ask, ["renew", "x"])[:2] == [400, "Bad Request"]
    token = site.token("old")
    assert page.evaluate(ask, ["connect", token]) == [200, "OK", "1"]
    site.publish_all("old", ['{"move": "漢"}'])
    assert page.evaluate(ask, ["poll", token]) == [200, "OK", '{"move": "漢"}']
