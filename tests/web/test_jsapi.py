"""`goog.appengine` by itself, in Node: a clock that a test turns, and a hub that it makes up."""

import json
import shutil
import subprocess

import pytest

from pushlab.contract.reasons import CHANNEL_API_PHRASES
from pushlab.web.files import Files
from pushlab.web.jsapi import classic_script

#: `answers` holds what the hub says, the last one again and again; `asked` what it was asked.
#: `turn(end)` turns the clock to the next timer that is due by then, `later(ms)` to the last one.
HARNESS = """
let now = 0, timers = [];
const real = setTimeout;
globalThis.setTimeout = (run, ms = 0) => {
  timers.push({ run, at: now + ms });
  return timers.at(-1);
};
globalThis.clearTimeout = (one) => { timers = timers.filter((each) => each !== one); };
performance.now = () => now;
const settled = () => new Promise((done) => real(done, 1));
const turn = async (end) => {
  await settled();
  const [due] = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
  if (!due) return false;
  clearTimeout(due);
  now = Math.max(now, due.at);
  due.run();
  return true;
};
const later = async (ms) => {
  const end = now + ms;
  while (await turn(end));
  now = end;
};
const told = (status, body, cursor) => () =>
  new Response(body, { status, headers: cursor ? { "pushlab-cursor": cursor } : {} });
const refused = (status, error) => told(status, JSON.stringify({ error, detail: "no" }));
let answers = [], asked = [];
const fetch = async (url, { headers }) => {
  asked.push({ at: now, url, headers });
  return (answers.length > 1 ? answers.shift() : answers[0])();
};
const open = (transport, handlers, more) =>
  new goog.appengine.Channel("token", { transport, server: "http://hub.example", fetch, ...more })
    .open(handlers);
const noting = (log) => Object.fromEntries(["onopen", "onmessage", "onerror", "onclose"].map(
  (name) => [name, function (event) { log.push([name, this.readyState, event]); }]));
const EMPTY = { "short-polling": told(204, null, "a-0"), "channel-api-dev": told(200, "", "a-0") };
const { Channel, Socket } = goog.appengine;
"""


@pytest.fixture(scope="module")
def run():
    """Runs the body of a function beside the served script; what it returns."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed (Debian: apt install nodejs)")
    script = Files().jsapi().body.decode()

    def run(body):
        text = f"{script}{HARNESS}(async () => {{{body}}})().then("
        text += "(value) => { console.log(JSON.stringify(value)); process.exit(); });"
        ran = subprocess.run([node, "-"], input=text, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr[-2_000:]
        return json.loads(ran.stdout)

    return run


def test_it_has_the_names_that_the_original_had(run):
    names = run("""
      const handler = new Socket.Handler();
      return {
        keys: Object.keys(goog.appengine), kinds: [typeof Channel, typeof Socket],
        states: Socket.ReadyState, asks: Socket.POLLING_TIMEOUT_MS, base: Socket.BASE_URL,
        methods: [...Object.keys(Channel.prototype), ...Object.keys(Socket.prototype)],
        handler: ["onopen", "onmessage", "onerror", "onclose"].map((name) => typeof handler[name]),
      };""")
    assert names == {
        "keys": ["Channel", "Socket"],
        "kinds": ["function", "function"],
        "states": {"CONNECTING": 0, "OPEN": 1, "CLOSING": 2, "CLOSED": 3},
        "asks": 500,
        "base": "/_ah/channel/",
        "methods": ["open", "send", "close"],
        "handler": ["function"] * 4,
    }


def test_what_is_made_is_made_under_the_originals_conditions(run):
    made = run("""
      answers = [EMPTY["short-polling"]];
      const error = (work) => { try { return String(work()); } catch (e) { return e.name; } };
      function Own(token) { Channel.call(this, token, { server: "http://hub.example", fetch }); }
      Own.prototype = Object.create(Channel.prototype);
      function Older() {}
      Older.prototype = new Channel("token", { server: "http://hub.example", fetch });
      function OwnHandler() { Socket.Handler.call(this); }
      OwnHandler.prototype = Object.create(Socket.Handler.prototype);
      const bare = open("short-polling");
      const given = open("short-polling", { onopen: null, onmessage: "text" });
      for (const one of [bare, given]) one.close();
      return {
        channels: [new Channel(), new Channel(7)].map((one) => typeof one),
        without_new: typeof goog.appengine.Channel("token"),
        opened: [undefined, null, 7, {}].map((token) => error(() => new Channel(token).open())),
        sockets: [error(() => new Socket("token")), error(() => new Socket())],
        left_behind: (await later(1_000), asked.length),
        kin: [new Own("token").open() instanceof Socket, new Older().open() instanceof Socket],
        handler: typeof new OwnHandler().onopen,
        bare: ["onopen", "onmessage", "onerror", "onclose"].map((name) => typeof bare[name]),
        given: [given.onopen, given.onmessage, String(given.onclose)],
        shown: JSON.stringify([new Channel("secret"), open("sse")]).includes("secret"),
      };""")
    assert made == {
        "channels": ["object", "object"],
        "without_new": "undefined",
        "opened": ["TypeError"] * 4,
        "sockets": ["TypeError"] * 2,
        "left_behind": 0,
        "kin": [True, True],
        "handler": "function",
        "bare": ["function"] * 4,
        "given": [None, "text", "undefined"],
        "shown": False,
    }


def test_each_event_has_the_originals_state_and_argument(run):
    log = run("""
      const log = [];
      answers = [told(200, "1", "a-0"), told(200, "hello", "a-1"), refused(401, "token-expired")];
      const handlers = noting(log);
      const socket = open("channel-api-dev", handlers);
      log.push(socket.readyState);
      handlers.onmessage = () => log.push("handlers are copied once");
      await later(2_000);
      log.push(socket.readyState);
      return log;""")
    assert [one if isinstance(one, int) else one[:2] for one in log] == [
        0,
        ["onopen", 1],
        ["onmessage", 1],
        ["onerror", 1],
        ["onclose", 3],
        3,
    ]
    assert log[2][2]["data"] == "hello"
    assert log[3][2] == {
        "code": 401,
        "description": "Token+timed+out.",
        "reason": "token-expired",
    }


def test_a_refusal_has_the_words_that_applications_compare(run):
    logs = run(f"""
      const logs = {{}};
      for (const reason of {sorted(CHANNEL_API_PHRASES)}) {{
        answers = [refused(400, reason)];
        open("short-polling", noting(logs[reason] = []));
        await later(1_000);
      }}
      return logs;""")
    assert len(logs) == 4
    for reason, log in logs.items():
        phrase = "Token+timed+out." if reason == "token-expired" else "Invalid+token."
        error = {"code": 401, "description": phrase, "reason": reason}
        assert log == [["onerror", 2, error], ["onclose", 3, {}]]


def test_whatever_the_page_takes_for_a_token_is_asked_about(run):
    """A browser puts no snowman into a header: the question would fail again and again."""
    bearer = run("""
      answers = [refused(401, "token-invalid")];
      const options = { transport: "short-polling", server: "http://hub.example", fetch };
      new Channel("\\u2603\\n", options).open();
      await later(1_000);
      return asked.map(({ headers }) => new Headers(headers).get("authorization"));""")
    assert bearer == ["Bearer %E2%98%83%0A"]


def test_other_errors_keep_the_modules_words(run):
    log = run("""
      const log = [];
      answers = [refused(403, "bad-origin")];
      open("short-polling", noting(log));
      open("carrier-pigeon", noting(log));
      await later(1_000);
      return log.filter(([name]) => name === "onerror").map(([, , error]) => error);""")
    assert [(error["code"], error["reason"]) for error in log] == [
        (400, "unknown-transport"),
        (403, "bad-origin"),
    ]
    assert "--allow-origin" in log[1]["description"]


def test_closing_is_told_once_and_nothing_comes_after_it(run):
    states = run("""
      const log = [], states = [];
      const late = { cursor: "a-1", messages: [{ seq: 1, data: "late" }] };
      answers = [EMPTY["short-polling"], told(200, JSON.stringify(late))];
      const early = open("short-polling", noting(log));
      early.close();
      states.push(early.readyState);
      await later(100);
      early.close();
      await later(2_000);
      const asked = answers.length;
      const socket = open("short-polling", noting(log));
      await later(100);
      states.push(early.readyState, socket.readyState, socket.send("up"));
      socket.onclose = function () { log.push(["at last", this.readyState]); this.close(); };
      socket.close();
      socket.close();
      states.push(socket.readyState);
      await later(2_000);
      states.push(socket.readyState, asked);
      return { log: log.map(([name, state]) => [name, state]), states };""")
    assert states["log"] == [["onclose", 3], ["onopen", 1], ["at last", 3]]
    assert states["states"] == [2, 3, 1, False, 2, 3, 2]


def test_an_error_in_a_handler_ends_nothing_and_closing_in_one_is_told_once(run):
    log = run("""
      const log = [];
      console.error = (error) => log.push(error.message);
      answers = [told(200, "1", "a-0"), told(200, "hello", "a-1"), refused(401, "token-expired")];
      const socket = open("channel-api-dev", noting(log));
      socket.onopen = () => { throw new Error("a fault of the page's"); };
      socket.onerror = function (error) {
        log.push(error.description);
        this.close();
        this.close();
      };
      await later(5_000);
      return log.map((one) => Array.isArray(one) ? one.slice(0, 2) : one);""")
    assert log == ["a fault of the page's", ["onmessage", 1], "Token+timed+out.", ["onclose", 3]]


@pytest.mark.parametrize("transport", ["short-polling", "channel-api-dev"])
def test_the_polling_timeout_is_the_pages_to_set_at_any_time(run, transport):
    gaps = run(f"""
      answers = [EMPTY["{transport}"]];
      const socket = open("{transport}");
      const gaps = [];
      const next = async (ms) => {{
        await settled();
        if (ms !== undefined) Socket.POLLING_TIMEOUT_MS = ms;
        const count = asked.length, from = asked.at(-1).at;
        while (asked.length === count && (await turn(Infinity))) await settled();
        gaps.push(Math.round(asked.at(-1).at - from));
      }};
      for (const ms of [, , 20_000, , 100, , "300", ,]) await next(ms);
      const lease = new URL(asked[4].url).searchParams.get("lease_s");
      await next(1e12); await next();
      return {{ gaps, lease }};""")
    # What was set holds from the answer after that on: a wait that has begun is as long as it was.
    assert gaps["gaps"] == [500, 500, 500, 20_000, 20_000, 100, 100, 300, 300, 86_400_000]
    assert gaps["lease"] == "60"


def test_the_old_wire_says_the_token_in_its_address_alone(run):
    # A header makes a browser ask a hub of another origin beforehand, for each address anew.
    told = run("""
      const headers = {};
      for (const transport of ["channel-api-dev", "short-polling"]) {
        asked = [];
        answers = [EMPTY[transport]];
        const socket = open(transport);
        await later(2_000);
        socket.close();
        await later(100);
        headers[transport] = asked.map(({ headers }) => Object.keys(headers).join());
      }
      return headers;""")
    assert set(told["channel-api-dev"]) == {""}
    assert set(told["short-polling"]) == {"Authorization"}


def test_the_base_url_is_where_the_hub_is_once_it_is_set(run):
    hosts = run("""
      globalThis.location = new URL("https://page.example/game/");
      answers = [refused(401, "token-invalid")];
      const base = Socket.BASE_URL;
      const ask = async (set, server) => {
        Socket.BASE_URL = set;
        const socket = open("short-polling", {}, { server });
        socket.onerror = ({ reason: url }) => { if (url === "bad-server") asked.push({ url }); };
        await later(100);
      };
      await ask(base);
      await ask("https://hub.example" + base);
      await ask("//hub.example/a/_ah/channel");
      await ask("../b/_ah/channel/");
      await ask("http://[");
      await ask("file:///_ah/channel/");
      await ask(base);
      await ask("https://hub.example" + base, "https://ann:password@own.example?x#y");
      return asked.map(({ url }) => url.replace("v1/poll?after=", "*"));""")
    assert hosts == [
        "https://page.example/*",
        "https://hub.example/*",
        "https://hub.example/a/*",
        "https://page.example/b/*",
        "bad-server",
        "bad-server",
        "https://page.example/*",
        "https://own.example/*",
    ]


def test_a_page_that_renews_its_token_goes_on_where_it_was(run):
    afters = run("""
      const last = { cursor: "a-3", messages: [{ seq: 3, data: "last" }] };
      const tokenOf = (channel, grant) => {
        const told = JSON.stringify(["ann", channel, 7, grant]);
        const payload = btoa(unescape(encodeURIComponent(told)));
        const spelled = payload.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
        return `k1.${spelled}.signed`;
      };
      const reading = (channel, grant, more) =>
        new Channel(tokenOf(channel, grant), { server: "http://hub.example", fetch, ...more,
          transport: "short-polling" }).open();
      const expire = async (channel, reason = "token-expired", count = 1) => {
        answers = [...Array(count).fill(told(200, JSON.stringify(last))), refused(401, reason)];
        for (let i = 0; i < count; i += 1) reading(channel, "old");
        await later(1_000);
      };
      const renew = async (channel, more) => {
        asked = [];
        answers = [EMPTY["short-polling"]];
        const socket = reading(channel, "new", more);
        await later(100);
        socket.close();
        return new URL(asked[0].url).searchParams.get("after");
      };
      const afters = [];
      await expire("ö?>~");
      await expire("room");
      await later(58_000);
      afters.push(await renew("another"), await renew("room"), await renew("room"));
      afters.push(await renew("ö?>~"));
      await expire("room");
      await later(61_000);
      afters.push(await renew("room"));
      await expire("room", "token-revoked");
      afters.push(await renew("room"));
      await expire("room", "token-expired", 2);
      afters.push(await renew("room", { after: "c-7" }));
      afters.push(await renew("room"), await renew("room"), await renew("room"));
      return afters;""")
    assert afters == ["", "a-3", "", "a-3", "", "", "c-7", "a-3", "a-3", ""]


# ---- how it is made ---------------------------------------------------------------------------

MODULE = (
    'export class Socket {}\nconst HERE = import.meta.url;\nexport { A, B };\nimport("/m.js");\n'
)
NAMES = 'import { Socket } from "./static/channel.js";\nconst PHRASES = {};\n'


def test_it_is_the_module_and_the_names_and_the_phrases():
    script = classic_script(MODULE, NAMES, {"token-expired": "too late"})
    assert "\nclass Socket {}\n" in script
    assert 'const PHRASES = {"token-expired": "too late"};' in script
    assert 'import("/m.js");' in script
    assert "export" not in script
    assert "import.meta" not in script


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (MODULE + 'import { x } from "./x.js";\n', NAMES),
        (MODULE + "export * from './y.js';\n", NAMES),
        (MODULE + "f(import.meta.url);\n", NAMES),
        (MODULE.replace("const HERE", "const THERE"), NAMES),
        (MODULE, NAMES + "export { goog };\nexport * from 'x';\n"),
        (MODULE, 'import { Socket } from "./static/channel.js";\n'),
    ],
)
def test_what_only_a_module_can_have_is_refused(module, names):
    with pytest.raises(ValueError, match=r"classic script|not once"):
        classic_script(module, names, {})
