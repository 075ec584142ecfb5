"""`channel.js` as an npm package: built, installed without a network, typed, run, and bundled."""

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import pushlab
from tests.patience import PATIENCE_S
from tests.web.live_site import WEB, until
from tests.web.people import expect

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "channel-js.md"
EXAMPLES = ROOT / "examples" / "npm"
TOOLS = WEB / "node_modules"
TSC, ESBUILD = TOOLS / ".bin" / "tsc", TOOLS / ".bin" / "esbuild"
PARTS = ["index", "channel", "channel_mqtt", "mqtt"]


def run(*words, cwd, **more):
    ran = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        **more,
    )
    assert ran.returncode == 0, ran.stdout[-4_000:] + ran.stderr[-4_000:]
    return ran.stdout


@pytest.fixture(scope="module")
def tarball(tmp_path_factory):
    """The package as `make npm` makes it."""
    if shutil.which("npm") is None or not TSC.exists():
        pytest.skip("npm or tsc is not installed (make test, which needs npm)")
    where = tmp_path_factory.mktemp("package") / "npm"
    return Path(run("node", WEB / "npm" / "build.mjs", where, cwd=ROOT).strip())


@pytest.fixture(scope="module")
def project(tarball, tmp_path_factory):
    """A project that has the package and nothing else."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    quiet = ("--offline", "--no-audit", "--no-fund", "--no-package-lock", "--silent")
    run("npm", "install", *quiet, tarball, cwd=folder)
    return folder


def test_the_package_says_what_pushlab_says_and_has_what_it_names(project):
    home = project / "node_modules" / "pushlab"
    told = json.loads((home / "package.json").read_text())
    assert (told["version"], told["license"]) == (pushlab.__version__, "MIT")
    assert told["homepage"] in (ROOT / "pyproject.toml").read_text()
    ours = json.loads((WEB / "package.json").read_text())["dependencies"]
    assert told["peerDependencies"] == ours
    assert {*told["peerDependenciesMeta"]} == {*ours}, "nobody has to install them"
    assert "dependencies" not in told
    named = re.findall(
        r'"\./([\w./*-]+)"', json.dumps([told["exports"], told["main"], told["types"]])
    )
    assert {*named} >= {"index.js", "index.d.ts", "mqtt.js", "mqtt.d.ts"}
    assert [name for name in named if name != "mqtt" and not (home / name).exists()] == []
    files = {path.name for path in home.iterdir()}
    scripts = {f"{name}.{ending}" for name in PARTS for ending in ("js", "d.ts")}
    assert files == {*scripts, "package.json", "README.md", "LICENSE"}
    texts = [(home / f"{name}.js").read_text() for name in PARTS]
    assert all("import.meta" not in text for text in texts), (
        "a bundler writes its own machine there"
    )
    of_static = [(WEB / "static" / f"{name}.js").read_text() for name in PARTS[1:3]]
    of_static[0] = of_static[0].replace("const HERE = import.meta.url;", "const HERE = undefined;")
    assert texts[1:3] == of_static, "one source"


TYPED = """
import { Channel, Socket, TRANSPORTS } from "pushlab";
import type { ChannelError, ChannelGap, ChannelHit, Handlers, Options, Stats } from "pushlab";

const options: Options = {
  transport: TRANSPORTS[0],
  server: "https://push.example/hub",
  refreshToken: async () => null,
  mqtt: () => import("pushlab/mqtt"),
};
const texts: string[] = [];
const handlers: Handlers = {
  onopen: ({ transport, cursor }) => texts.push(transport, cursor ?? ""),
  onmessage: ({ data, seq }) => texts.push(data, seq.toFixed()),
  onerror: (error: ChannelError) => texts.push(error.description),
  ongap: (gap: ChannelGap) => texts.push(String(gap.missed)),
  onhit: (hit: ChannelHit) => texts.push(hit.kind),
};
const socket: Socket = new Channel("token", options).open(handlers);
socket.onmessage = ({ data }) => texts.push(data);
const stats: Stats = socket.stats;
texts.push(String(stats.hits["connect"] ?? 0));
// @ts-expect-error a cursor is no number
new Channel("token", { after: 7 });
// @ts-expect-error there is no such event
socket.onopened = () => {};
// @ts-expect-error what is for its own parts alone
import { Reader } from "pushlab";
"""


def test_a_strict_program_finds_its_types(project):
    (project / "typed.ts").write_text(TYPED)
    rules = ("--strict", "--noEmit", "--target", "es2022", "--lib", "es2022,dom", "--types", "")
    run(TSC, *rules, "--module", "nodenext", "typed.ts", cwd=project)


IN_NODE = """
import { Channel } from "pushlab";

const [server, token, ...names] = process.argv.slice(2);
const seen = {};
for (const transport of names) {
  const told = (seen[transport] = []);
  const socket = new Channel(token, { server, transport, pollInterval: 0.05, after: "0-0" }).open();
  await new Promise((closed) => {
    socket.onopen = () => told.push(socket.transport);
    socket.onmessage = ({ data }) => (told.push(data), socket.close());
    socket.onerror = ({ description }) => told.push(description);
    socket.onclose = closed;
  });
}
const early = new Channel(token, { server }).open({ onerror: (error) => seen.early.push(error) });
seen.early = [];
early.onclose = () => seen.early.push("closed", early.stats.hits);
early.close();
await new Promise((later) => setTimeout(later, 20));
console.log(JSON.stringify(seen));
"""


def node_can_stream():
    """Whether Node.js has a WebSocket and an EventSource to switch on."""
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", told)[:2])
    return (20, 18) <= version < (21, 0) or version >= (22, 3)


def test_node_reads_a_channel(project, site):
    (project / "run.mjs").write_text(IN_NODE)
    token = site.token("npm-node")
    site.publish("npm-node", "kept")

    def seen(*names, flags=()):
        told = run("node", "--no-warnings", *flags, "run.mjs", site.url, token, *names, cwd=project)
        return json.loads(told)

    polls = {name: [name, "kept"] for name in ("short-polling", "long-polling")}
    streams = {name: [name, "kept"] for name in ("sse", "websocket")}
    early = {"early": ["closed", {}]}
    if node_can_stream():
        flags = ("--experimental-websocket", "--experimental-eventsource")
        assert seen(*polls, *streams, flags=flags) == {**polls, **streams, **early}
    flags = ("--no-experimental-websocket", "--no-experimental-eventsource")
    told = seen("auto", "sse", "mqtt", flags=flags if node_can_stream() else ())
    lacking = "there is no {0} here; give one as the option {0}".format
    ends = {name: [lacking(need)] for name, need in (("sse", "EventSource"), ("mqtt", "mqtt"))}
    assert told == {"auto": ["long-polling", "kept"], **ends, **early}


# ---- bundled ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundled(project):
    """Bundles programs as a project does; React is the tests' own."""
    if not ESBUILD.exists() or not (TOOLS / "react-dom").exists():
        pytest.skip("esbuild or React is not installed (make test, which needs npm)")
    for path in EXAMPLES.iterdir():
        shutil.copy(path, project)
    for name in ("react", "react-dom", "scheduler", "mqtt", "ws"):
        (project / "node_modules" / name).symlink_to(TOOLS / name)

    def bundle(name, text, *more):
        (project / name).write_text(text)
        rules = ("--bundle", "--jsx=automatic", "--define:process.env.NODE_ENV='development'")
        return run(ESBUILD, *rules, *more, name, cwd=project)

    return bundle


STRICT = """
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Messages } from "./react.jsx";

const place = document.getElementById("messages");
const { hub, token } = place.dataset;
const root = createRoot(place);
root.render(<StrictMode><Messages token={token} server={hub} /></StrictMode>);
window.leave = () => root.unmount();
"""
WORKER = """
import { Channel } from "pushlab";

onmessage = ({ data }) => new Channel(data, { transport: "sse" }).open({
  onopen: () => postMessage("open"),
  onmessage: (message) => postMessage(message.data),
});
"""


@pytest.fixture
def page(kept_page):
    return kept_page


@pytest.fixture
def shown(page, site):
    """Runs a bundle in a page whose address and policy are not those of the hub's own pages."""

    def show(script, token):
        page.goto(f"{site.url}/healthz?transport=tram")  # which is a word of the page's own
        page.evaluate(
            """([hub, token]) => {
              document.body.innerHTML = '<ul id="messages"></ul>';
              Object.assign(document.getElementById("messages").dataset, { hub, token });
            }""",
            [site.url, token],
        )
        page.add_script_tag(content=script, type="module")
        return page

    return show


def test_the_plain_example_shows_what_comes(bundled, shown, site):
    page = shown(bundled("own.js", 'import "./plain.js";', "--format=esm"), site.token("npm-plain"))
    until(lambda: site.present("npm-plain"), "it is there")
    site.publish("npm-plain", "hello")
    expect(page.locator("li")).to_have_text(["hello"])


def test_the_hook_opens_one_channel_under_strict_mode_and_leaves_it(bundled, shown, site, page):
    """Which mounts, unmounts and mounts each component at its first showing."""
    asked = []
    page.on("request", lambda asks: asked.append(asks.url) if "/v1/" in asks.url else None)
    page.on("websocket", lambda opens: asked.append(opens.url))
    shown(bundled("own.jsx", STRICT, "--format=esm"), site.token("npm-react"))
    until(lambda: site.present("npm-react"), "it is there")
    for text in ("one", "two"):
        site.publish("npm-react", text)
    expect(page.locator("li")).to_have_text(["one", "two"])
    assert len(asked) == 1, asked
    page.evaluate("leave()")
    until(lambda: not site.present("npm-react"), "it has left")
    assert len(asked) == 1, asked


def test_a_worker_reads_from_its_own_origin_where_no_server_is_named(bundled, shown, site):
    page = shown("void 0", site.token("npm-worker"))
    script = bundled("worker.js", WORKER, "--format=iife")
    page.evaluate(
        """([script, token]) => {
          window.heard = [];
          const blob = new Blob([script], { type: "text/javascript" });
          const worker = new Worker(URL.createObjectURL(blob));
          worker.onmessage = ({ data }) => heard.push(data);
          worker.postMessage(token);
        }""",
        [script, site.token("npm-worker")],
    )
    page.wait_for_function("() => heard.length === 1")
    site.publish("npm-worker", "hello")
    page.wait_for_function("() => heard.length === 2")
    assert page.evaluate("heard") == ["open", "hello"]


MQTT = """
import { Channel } from "pushlab";

const { hub: server, token } = document.getElementById("messages").dataset;
new Channel(token, { server, transport: "mqtt", mqtt: () => import("pushlab/mqtt") }).open({
  onmessage: ({ data }) => (window.heard = data),
});
"""


def test_mqtt_is_the_projects_own(with_mqtt, bundled, shown, site, page):
    asked = []
    page.on("request", lambda asks: asked.append(asks.url))
    shown(bundled("own.js", MQTT, "--format=iife"), site.token("npm-mqtt"))
    until(lambda: site.present("npm-mqtt"), "it is there")
    site.publish("npm-mqtt", "hello")
    page.wait_for_function("() => window.heard")
    assert page.evaluate("heard") == "hello"
    assert [url for url in asked if "/web/" in url] == [], "nothing of the hub's is loaded"


def test_what_only_imports_it_needs_nothing(project):
    """A server that renders the page, or a test in jsdom, has next to nothing of a browser."""
    deletes = "TextEncoder TextDecoder URL URLSearchParams fetch performance Blob AbortController"
    script = f"for (const name of '{deletes}'.split(' ')) delete globalThis[name];"
    script += "import('pushlab').then(({ Channel }) => new Channel('token', {}));"
    run("node", "--input-type=module", "--eval", script, cwd=project)


MQTT_IN_NODE = """
import { Channel } from "pushlab";
import WebSocket from "ws";

const [server, token] = process.argv.slice(2);
const mqtt = () => import("pushlab/mqtt");
const options = { server, transport: "mqtt", mqtt, WebSocket, after: "0-0" };
const socket = new Channel(token, options).open();
socket.onmessage = ({ data }) => (console.log(data), socket.close());
socket.onclose = () => process.exit();
"""


@pytest.mark.usefixtures("with_mqtt", "bundled")
def test_mqtt_is_the_projects_own_in_node_too(project, site):
    (project / "mqtt.mjs").write_text(MQTT_IN_NODE)
    site.publish("npm-node-mqtt", "hello")
    assert run("node", "mqtt.mjs", site.url, site.token("npm-node-mqtt"), cwd=project) == "hello\n"


# ---- what the document says -------------------------------------------------------------------


def test_the_sizes_are_those_in_the_document(bundled, project):
    """Within a tenth, so that a line more needs no new figure."""
    raw = (project / "node_modules" / "pushlab" / "channel.js").read_bytes()
    small = bundled("sizes.js", 'export { Channel } from "pushlab";', "--minify", "--format=esm")
    told = re.search(
        r"(\d+) kB as it stands, (\d+) kB minified,\s+([\d.]+) kB of that compressed",
        DOCUMENT.read_text(),
    )
    assert told, "the document tells no sizes"
    sizes = [len(raw), len(small), len(gzip.compress(small.encode()))]
    assert [float(kb) * 1000 for kb in told.groups()] == pytest.approx(sizes, rel=0.1), sizes


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_the_document_shows_the_examples_as_they_are(path):
    assert f"```{path.suffix[1:]}\n{path.read_text()}```" in DOCUMENT.read_text()
