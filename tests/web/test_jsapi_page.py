"""A page as App Engine's documentation showed it, which loads `/_ah/channel/jsapi` and no more."""

import json

from pushlab.contract.tokens import TokenKeys

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
        assert page.evaluate("() => Object.keys(goog.appengine)") == ["Channel"]
    forged = site.signed("eve", "old game", life_s=3_600, keys=TokenKeys.fresh())
    written["token"] = forged
    page.goto(f"{site.url}/old-page")
    page.wait_for_function("() => window.log.length === 2")
    assert page.evaluate("() => log") == [
        "error 401 the token has been revoked",
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


def test_the_script_fetches_mqtt_when_it_is_wanted(site, page, with_mqtt):
    page.goto(f"{site.url}/web/style.css")  # any document of the site's, with its policy
    page.add_script_tag(url="/_ah/channel/jsapi")
    fetched = []
    page.on("request", lambda request: fetched.append(request.url.removeprefix(site.url)))
    page.evaluate(
        """token => {
          window.heard = [];
          const options = {transport: "mqtt"};
          window.socket = new goog.appengine.Channel(token, options).open({
            onopen: () => heard.push("open"), onmessage: ({data}) => heard.push(data),
          });
        }""",
        site.token("mqtt by the script"),
    )
    page.wait_for_function("() => heard.length === 1")
    site.publish("mqtt by the script", "hello")
    page.wait_for_function("() => heard.length === 2")
    assert page.evaluate("() => heard") == ["open", "hello"]
    assert fetched[0] == "/web/channel_mqtt.js"
    assert "/web/vendor/mqtt.esm.js" in fetched
    page.evaluate("() => socket.close()")
