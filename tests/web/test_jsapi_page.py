"""A page as App Engine's documentation showed it, which loads `/_ah/channel/jsapi` and no more."""

import json

import pytest

from pushlab.contract.tokens import TokenKeys
from tests.web.live_site import BROWSER_TRANSPORTS, MQTT_BUNDLE, until
from tests.web.prefix_proxy import prefix_proxy

#: MQTT takes part where the browser's client of it is installed.
TRANSPORTS = [
    name
    for name in (*BROWSER_TRANSPORTS, "channel-api-dev")
    if name != "mqtt" or MQTT_BUNDLE.exists()
]

# After "Using the Channel API": the script's address, the names, the two ways to give handlers,
# and old JavaScript. `TOKEN` is what the server put into the page.
PAGE = """<!doctype html>
<html><head>
<script type="text/javascript" src="/_ah/channel/jsapi"></script>
</head><body>
<div id="log"></div>
<script type="text/javascript">
var log = [];
sendMessage = function(what) { log.push(what); };
onOpened = function() {
  connected = true;
  sendMessage('opened ' + socket.readyState);
};
onMessage = function(m) {
  var newState = JSON.parse(m.data);
  document.getElementById('log').textContent += newState.turn + ' ';
};
onError = function(error) { sendMessage('error ' + error.code + ' ' + error.description); };
onClose = function() { connected = false; sendMessage('closed ' + socket.readyState); };
openChannel = function(token, how) {
  var channel = new goog.appengine.Channel(token);
  if (how == 'argument') {
    var handler = {
      'onopen': onOpened,
      'onmessage': onMessage,
      'onerror': onError,
      'onclose': onClose
    };
    socket = channel.open(handler);
  } else {
    socket = channel.open();
    socket.onopen = onOpened;
    socket.onmessage = onMessage;
    socket.onerror = onError;
    socket.onclose = onClose;
  }
};
openChannel(%(token)s, %(how)s);
</script>
</body></html>
"""
NAMES = "Object.getOwnPropertyNames(window)"


@pytest.fixture
def page(kept_page):
    return kept_page


def test_a_page_of_the_old_documentation_runs_unchanged(site, page):
    written = {"token": "", "how": ""}

    def serve(route):
        body = PAGE % {key: json.dumps(value) for key, value in written.items()}
        route.fulfill(status=200, content_type="text/html", body=body)

    page.route("**/old-page", serve)
    for how in ("argument", "properties"):
        written["token"], written["how"] = site.token("player", "old game"), how
        page.goto(f"{site.url}/old-page")
        page.wait_for_function("() => window.log.length === 1")
        site.publish("old game", '{"turn": "X"}')
        site.publish("old game", '{"turn": "O"}')
        page.wait_for_function("() => document.getElementById('log').textContent === 'X O '")
        page.evaluate("() => socket.close()")
        page.wait_for_function("() => window.log.length === 2")
        assert page.evaluate("() => log") == ["opened 1", "closed 3"]
    forged = site.signed("eve", "old game", life_s=3_600, keys=TokenKeys.fresh())
    written["token"] = forged
    page.goto(f"{site.url}/old-page")
    page.wait_for_function("() => window.log.length === 2")
    assert page.evaluate("() => log") == [
        "error 401 Invalid+token.",
        "closed 3",
    ]


def test_the_script_gives_a_page_one_name(site, page):
    page.route(
        "**/bare-page",
        lambda route: route.fulfill(
            status=200,
            content_type="text/html",
            body=f"<script>var before = {NAMES};</script>"
            "<script src='/_ah/channel/jsapi'></script>"
            f"<script>var fresh = {NAMES}.filter(name => !before.includes(name));</script>",
        ),
    )
    page.goto(f"{site.url}/bare-page")
    page.wait_for_function("() => window.fresh !== undefined")
    assert page.evaluate("() => fresh.filter(name => name !== 'fresh')") == ["goog"]


@pytest.fixture
def script(site, friend):
    """Puts a page with this inside on another origin than the hub's; its address."""

    def script(html, **headers):
        body = f"<!doctype html><title>old</title><body>{html.replace('HUB', site.url)}"
        return friend.put("/old-page", body, **headers)

    return script


#: For each name a transport and its token; and perhaps a second one, with which an application of
#: that time goes on, after a while, when it reads that the first is too old.
LISTEN = """tokens => {
  window.seen = {};
  goog.appengine.Socket.POLLING_TIMEOUT_MS = 100;
  for (const [name, [transport, ...given]] of Object.entries(tokens)) {
    const log = seen[name] = [];
    const listen = () => {
      const socket = new goog.appengine.Channel(given.shift(), { transport }).open();
      for (const event of ["open", "message", "error", "close"])
        socket["on" + event] = function (told = {}) {
          const { data, description, code } = told;
          log.push([event, this.readyState, data ?? description ?? null, code ?? null]);
          if (code == 401 && description == "Token+timed+out.") setTimeout(listen, 400);
        };
    };
    listen();
  }
}"""


def test_a_page_of_another_origin_over_every_transport_outlives_its_token(site, script, page):
    # It isolates itself: then nothing is loaded from elsewhere that does not say that it may be.
    isolated = {
        "Cross_Origin_Opener_Policy": "same-origin",
        "Cross_Origin_Embedder_Policy": "require-corp",
    }
    url = script("<script src='HUB/_ah/channel/jsapi'></script>", **isolated)
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    forged = site.signed("eve", "eve", life_s=3_600, keys=TokenKeys.fresh())
    for life_s in (3, 15, 63):  # the sockets are to be open when the token ends, on any machine
        page.goto(url)
        channels = {name: f"elsewhere {name} {life_s}" for name in TRANSPORTS}
        tokens = {}
        for name, channel in channels.items():
            site.publish(channel, "before anybody is there")
            two = site.signed("ann", channel, life_s=life_s), site.token("ann", channel)
            tokens[name] = [name, *two]
            tokens[f"{name} forged"] = [name, forged]
        page.evaluate(LISTEN, tokens)
        page.wait_for_function("() => Object.values(seen).every(log => log.length)")
        if all(page.evaluate("name => seen[name][0][0] === 'open'", name) for name in TRANSPORTS):
            break
    sent = []
    anew = "() => Object.values(seen).every(log => log.some(([kind], i) => i && kind === 'open' || "
    anew += "log[0][0] === 'error'))"
    until(lambda: sent.append(say(site, channels, len(sent))) or page.evaluate(anew), "renewed")
    sent.append(say(site, channels, "last"))
    page.wait_for_function(
        "names => names.every(name => seen[name].at(-1)[2] === 'last')", arg=list(TRANSPORTS)
    )
    assert page.evaluate("() => crossOriginIsolated")
    for name in TRANSPORTS:
        log = page.evaluate("name => seen[name]", name)
        assert [one for one in log if one[0] != "message"] == [
            ["open", 1, None, None],
            ["error", 1, "Token+timed+out.", 401],
            ["close", 3, None, None],
            ["open", 1, None, None],
        ], name
        assert [data for kind, _, data, _ in log if kind == "message"] == sent, name
        assert page.evaluate("name => seen[name]", f"{name} forged") == [
            ["error", 2, "Invalid+token.", 401],
            ["close", 3, None, None],
        ], name
    elsewhere = [asked for asked in fetched if not asked.startswith((url, site.url))]
    assert elsewhere == [], "the hub is where the script is"
    if "mqtt" in TRANSPORTS:
        assert f"{site.url}/web/channel_mqtt.js" in fetched
        assert f"{site.url}/web/vendor/mqtt.esm.js" in fetched


def say(site, channels, what):
    """Publish to every channel; what was said."""
    messages = [{"channel": channel, "data": str(what)} for channel in channels.values()]
    site.api("POST", "/v1/messages", messages)
    return str(what)


#: How a page may load it, and where from.
WAYS = {
    "with a query": "<script src='HUB/_ah/channel/jsapi?v=1#x'></script>",
    "as production's": "<script src='HUB/talkgadget/channel.js'></script>",
    "async": "<script async src='HUB/_ah/channel/jsapi'></script>",
    "defer": "<script defer src='HUB/_ah/channel/jsapi'></script>",
    "with CORS": "<script crossorigin='anonymous' src='HUB/_ah/channel/jsapi'></script>",
    "as a module": "<script type='module' src='HUB/_ah/channel/jsapi'></script>",
    "put in later": """<script>
        var late = document.createElement('script');
        late.src = 'HUB/_ah/channel/jsapi';
        document.getElementsByTagName('head')[0].appendChild(late);
      </script>""",
    "beside another's name": """<img name="currentScript" src="/no/_ah/channel/jsapi" hidden>
      <script src='HUB/_ah/channel/jsapi'></script>""",
    "as a module, removed at once": """<script>
        var gone = document.createElement('script');
        gone.type = 'module';
        gone.src = 'HUB/_ah/channel/jsapi';
        document.body.appendChild(gone).remove();
      </script>""",
    "as a loader's text": """<script>
        fetch('HUB/_ah/channel/jsapi').then(answer => answer.text()).then(window.eval);
      </script>""",
    "by an import": "<script>import('HUB/_ah/channel/jsapi');</script>",
    "in a picture": "<svg><script href='HUB/_ah/channel/jsapi'></script></svg>",
    "below a path": "<script src='BELOW/_ah/channel/jsapi'></script>",
}


def test_however_the_page_loads_it_it_finds_its_hub(site, script, page):
    token = site.token("ways")
    with prefix_proxy(site.url, "/a/hub") as (below, strays):
        for way, html in WAYS.items():
            page.goto(script(html.replace("BELOW", below)))
            page.wait_for_function("() => window.goog !== undefined")
            page.evaluate(LISTEN, {"one": ["short-polling", token]})
            page.wait_for_function("() => seen.one.length")
            assert page.evaluate("() => seen.one") == [["open", 1, None, None]], way
    assert strays == []


#: A page takes all names but those of 2011; it tells by its title, since Playwright needs some.
TAKEN = """<script src='HUB/_ah/channel/jsapi'></script>
<script>
  var old = /^(Object|Function|Array|String|Boolean|Number|Date|RegExp|Math|JSON|[A-Za-z]*Error)$/;
  var newer = ['atob', 'btoa', 'fetch', 'performance', 'queueMicrotask', 'reportError'];
  Object.getOwnPropertyNames(window).forEach(function (name) {
    if (/^[A-Z]/.test(name) ? !old.test(name) : newer.indexOf(name) >= 0) window[name] = 'mine';
  });
  document.title = [URL, fetch, performance];
  NAMES.forEach(function (name) {
    new goog.appengine.Channel('TOKEN', { transport: name }).open({
      onopen: function () { document.title += ' open'; }
    });
  });
</script>"""


def test_the_pages_names_are_the_pages_own(site, script, page):
    names = [name for name in TRANSPORTS if name != "mqtt"]  # which loads scripts of its own
    html = TAKEN.replace("NAMES", json.dumps(names)).replace("TOKEN", site.token("names"))
    page.goto(script(html))
    until(lambda: page.title() == "mine,mine,mine" + " open" * len(names), "all are open")


def test_the_module_from_another_origin_finds_its_hub(site, script, page):
    page.goto(script("<script>var opened = [];</script>"))
    page.evaluate(
        """async ([hub, token, transports]) => {
          const { Channel } = await import(hub + "/web/channel.js");
          for (const transport of transports)
            new Channel(token, { transport }).open({ onopen: () => opened.push(transport) });
        }""",
        [site.url, site.token("module elsewhere"), TRANSPORTS],
    )
    page.wait_for_function("count => opened.length === count", arg=len(TRANSPORTS))


def test_where_the_pages_policy_forbids_websockets_the_next_transport_is_tried_at_once(
    site, script, page, page_errors
):
    policy = f"script-src {site.url} 'unsafe-inline' 'unsafe-eval'; connect-src {site.url}"
    html = "<script src='HUB/_ah/channel/jsapi'></script>"
    page.goto(script(html, Content_Security_Policy=policy))
    page.evaluate(
        """token => {
          window.troubles = [];
          window.socket = new goog.appengine.Channel(token).open({
            ontrouble: ({ reason }) => troubles.push(reason),
          });
        }""",
        site.token("policy"),
    )
    page.wait_for_function("() => socket.readyState === 1")
    assert page.evaluate("() => [socket.transport, ...troubles]") == ["sse", "connection lost"]
    assert all("connect-src" in error for error in page_errors)
    page_errors.clear()


def test_a_page_that_is_not_let_in_is_told_so(site, script, page):
    url = script("<script src='HUB/_ah/channel/jsapi'></script>")
    page.goto(url.replace("localhost", "127.0.0.1"))  # of another origin than that which is let in
    page.evaluate(LISTEN, {"auto": ["auto", site.token("stranger")]})
    page.wait_for_function("() => seen.auto.length === 2")
    error, close = page.evaluate("() => seen.auto")
    assert (error[:2], error[3], close[:2]) == (["error", 2], 403, ["close", 3])
    assert "--allow-origin" in error[2]
