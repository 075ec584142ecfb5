"""`from google.appengine.api import channel`: one story, on Python 3 and with the file for 2.7."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import pytest_asyncio

from pushlab import channel_api
from pushlab.channel_api import LocalChannelService
from pushlab.contract.presence_signature import sign_presence
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.hub.core import Hub
from tests.live_hub import LiveHub, live_hub
from tests.patience import PATIENCE_S

HERE = Path(__file__).parent
APPENGINE = HERE.parents[1] / "appengine"
PAGE = HERE.parents[1] / "docs" / "from-app-engine.md"
KEYS = TokenKeys.fresh()
TOKEN = b"a.b." + b"c" * 43
#: Longer than a client ID may be, as every token of a client ID of 50 bytes is.
ENDED, _ = KEYS.sign(Grant("a" * 50, "a" * 50, time.time() - 1, "0"))
FOREIGN, _ = TokenKeys.fresh().sign(Grant("a", "a", time.time() + 60, "0"))


def python2() -> str:
    """A Python 2.7 that runs: a version manager's may only say that it is not chosen."""
    managers = sorted(Path.home().glob(".pyenv/versions/2.7.*/bin"))
    for folder in [*os.environ.get("PATH", "").split(os.pathsep), *map(str, managers)]:
        found = shutil.which("python2.7", path=folder)
        if found and not subprocess.run([found, "-c", ""], capture_output=True).returncode:
            return found
    pytest.skip("there is no python2.7 that runs")


@pytest.fixture(params=["python2.7", "python3"])
def python(request: pytest.FixtureRequest) -> str:
    return python2() if request.param == "python2.7" else sys.executable


@pytest.fixture
def room(monkeypatch):
    """The modules of this folder and of the shim, as an application imports them."""
    for name in "PUSHLAB_HUB", "PUSHLAB_API_KEY":
        monkeypatch.setenv(name, "")  # and back to what it was
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.syspath_prepend(str(APPENGINE))
    before = set(sys.modules)
    yield
    channel_api.use(None)
    for name in set(sys.modules) - before:
        if name.split(".")[0] in ("google", "original", "story"):
            del sys.modules[name]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub():
    async with live_hub(transports={"short-polling": {}}, keys=KEYS.export()) as found:
        yield found


class Readers:
    """What the pages of the story's clients get from now on."""

    def __init__(self, hub: LiveHub) -> None:
        self._hub = hub
        self._after: dict[str, str] = {}

    async def begin(self) -> None:
        for client_id in ("ada", "zoé", "threads", "é" * 128, "\x01" * 256):
            token = await self._hub.token(client_id)
            answer = await self._hub.ask("GET", "/v1/poll?after=", secret=token)
            cursor = answer.headers.get("pushlab-cursor")
            self._after[client_id] = cursor or answer.json["cursor"]

    async def got(self, client_id: str) -> list[str]:
        token = await self._hub.token(client_id)
        target = f"/v1/poll?after={self._after[client_id]}"
        answer = await self._hub.ask("GET", target, secret=token)
        return [each["data"] for each in answer.json["messages"]]

    async def got_everything(self) -> None:
        assert await self.got("ada") == [
            "text é 🎓",
            "bytes é 🎓",
            "over a kept connection",
            "over a new one",
        ]
        assert await self.got("zoé") == ["é" * 16383, "b" * 32767]
        numbered = [f"{thread}:{number}" for thread in range(8) for number in range(5)]
        assert sorted(await self.got("threads")) == numbered
        for client_id in ("é" * 128, "\x01" * 256):
            assert (await self.got(client_id))[-2:] == ["by its token"] * 2


@pytest.mark.asyncio(loop_scope="module")
async def test_an_application_of_that_time_runs_on_python_3(hub, room):
    import story
    from google.appengine.api import channel

    assert Path(channel.__file__).is_relative_to(APPENGINE)
    readers = Readers(hub)
    await readers.begin()
    given = {"url": hub.url, "key": hub.key, "ended": ENDED, "foreign": FOREIGN}
    told = asyncio.to_thread(story.tell, channel, channel_api, **given)
    assert await asyncio.wait_for(told, PATIENCE_S) == []
    await readers.got_everything()


@pytest.mark.asyncio(loop_scope="module")
async def test_the_file_for_python_2_7_does_the_same(hub, python):
    readers = Readers(hub)
    await readers.begin()
    given = {"url": hub.url, "key": hub.key, "ended": ENDED, "foreign": FOREIGN}
    words = [
        python,
        "-B",
        "-W",
        "error::DeprecationWarning",
        str(HERE / "story.py"),
        str(APPENGINE),
    ]
    done = await asyncio.to_thread(
        subprocess.run, words, input=json.dumps(given).encode(), capture_output=True
    )
    assert (done.stdout.decode(), done.stderr.decode()) == ("told\n", "")
    await readers.got_everything()


async def test_a_hub_in_the_same_process_is_held_to_the_same_table(room):
    import original
    from google.appengine.api import channel

    channel_api.use(LocalChannelService(Hub(keys=KEYS)))
    assert original.wrong(channel, original.CASES + original.DIFFERENT) == []
    token = channel.create_channel("\x01" * 256)
    cases = [("send_message", (each, "m"), "") for each in (token, ENDED)]
    assert original.wrong(channel, cases) == []


def test_every_installation_has_it_in_a_namespace_that_is_shared():
    project = tomllib.loads((APPENGINE.parent / "pyproject.toml").read_text())
    forced = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert forced["appengine/google"] == "google"
    assert "appengine" in project["project"]["optional-dependencies"]
    found = {path.relative_to(APPENGINE).as_posix() for path in APPENGINE.rglob("google/**/*.py")}
    package = "google/appengine/api/channel"
    assert found == {f"{package}/__init__.py", f"{package}/channel.py"}
    assert (
        APPENGINE / package / "py.typed"
    ).is_file()  # where others' packages are above (PEP 561)


def test_every_way_to_write_the_import(room):
    import google.appengine.api.channel as whole
    from google.appengine.api import channel
    from google.appengine.api.channel import InvalidChannelClientIdError
    from google.appengine.api.channel import channel as inner
    from google.appengine.api.channel.channel import send_message

    assert channel is whole
    assert InvalidChannelClientIdError is channel_api.InvalidChannelClientIdError
    assert inner.send_message is send_message is channel.send_message is channel_api.send_message
    public = {name for name in vars(channel) if not name.startswith("_")}
    assert public == {*inner.__all__, "channel"}


#: Google's own distribution has packages of its own above, and no Channel API.
SDK = ["google/appengine/__init__.py", "google/appengine/api/__init__.py"]


@pytest.mark.parametrize("beside", [True, False])
def test_googles_own_distribution_may_be_there_too(tmp_path, beside):
    for each in SDK:
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).write_text("THEIRS = True\n")
    if beside:
        shutil.copytree(APPENGINE / "google", tmp_path / "google", dirs_exist_ok=True)
        told = ""
    else:
        (told,) = re.findall(r"```python\n(import sys\n[^`]*)```", PAGE.read_text())
    code = told + (
        "from google.appengine.api import channel, THEIRS\n"
        "from google.appengine.api.channel import channel as inner, create_channel\n"
        "from google.appengine.api.channel.channel import Error\n"
        "import google.appengine.api.channel\n"
        "whole = google.appengine.api.channel\n"
        "same = channel is whole and whole.create_channel is create_channel is inner.create_channel"
        "\n"
        "print(same, create_channel.__module__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.stdout.strip(), done.stderr) == ("True pushlab.channel_api", "")


def test_the_page_counts_the_table(room):
    import original

    assert f"{len(original.CASES)} calls, right and wrong ones" in PAGE.read_text()


#: Its development server and its tests import more of it than an application does.
STUB = ["google/appengine/api/channel/__init__.py", "google/appengine/api/channel/channel_stub.py"]


@pytest.mark.parametrize("sdk", [True, False])
def test_the_file_for_python_2_7_is_found_by_the_old_import(tmp_path, python, sdk):
    for each in ["google/__init__.py", *SDK, *STUB] if sdk else []:
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).write_text("THEIRS = True\n")
    code = (
        "import pushlab_channel; pushlab_channel.install()\n"
        "from google.appengine.api import channel\n"
        "from google.appengine.api.channel import create_channel\n"
        "from google.appengine.api.channel import channel as inner\n"
        "from google.appengine.api.channel.channel import Error\n"
        "import google.appengine.api.channel as whole\n"
        "import google\n"
        "try: from google.appengine.api.channel import channel_stub\n"
        "except ImportError: channel_stub = None\n"
        "same = channel is inner is whole is pushlab_channel\n"
        "print([same, hasattr(google.appengine.api, 'THEIRS'), hasattr(channel_stub, 'THEIRS')])\n"
    )
    path = os.pathsep.join([str(APPENGINE), str(tmp_path)])
    done = subprocess.run(
        [python, "-B", "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert (done.stdout.strip(), done.stderr) == (f"[True, {sdk}, {sdk}]", "")


async def test_the_file_for_python_2_7_asks_for_a_certificate_of_that_host(tmp_path, python):
    trustme = pytest.importorskip("trustme", reason="trustme is not installed")
    ours, others = trustme.CA(), trustme.CA()
    for name, authority in (("ours", ours), ("others", others)):
        authority.cert_pem.write_to_path(tmp_path / name)
    code = (
        "import ssl, sys; from pushlab_channel import ChannelService, HubUnreachable\n"
        "for authority, url in zip(sys.argv[1::2], sys.argv[2::2]):\n"
        "    context = ssl.create_default_context(cafile=authority)\n"
        "    try: print(ChannelService(url, 'key', context=context).create_channel('ada'))\n"
        "    except HubUnreachable: print('not this one')\n"
        "try: print(ChannelService(url, 'key').create_channel('ada'))\n"
        "except HubUnreachable: print('not of this machine either')\n"
    )
    async with over_tls(ours, "localhost") as right, over_tls(ours, "other.example") as wrong:
        words = [str(tmp_path / "ours"), right, str(tmp_path / "ours"), wrong]
        words += [str(tmp_path / "others"), right]
        done = await asyncio.to_thread(
            subprocess.run,
            [python, "-B", "-c", code, *words],
            env={**os.environ, "PYTHONPATH": str(APPENGINE)},
            capture_output=True,
            text=True,
        )
    told = [TOKEN.decode(), "not this one", "not this one", "not of this machine either"]
    assert (done.stdout.splitlines(), done.stderr) == (told, "")


@contextlib.asynccontextmanager
async def over_tls(authority, host):
    """A server with a certificate of that host, which makes a token for everybody."""

    async def serve(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):  # it does not trust us
            await reader.readuntil(b"}")
        writer.write(b'HTTP/1.1 201 Created\r\nContent-Length: 60\r\n\r\n{"token": "%b"}' % TOKEN)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"


def test_the_file_for_python_2_7_knows_a_genuine_notice(python):
    at = int(time.time())
    path, body, hub = "/app/_ah/channel/connected/", b"from=z%C3%A9", "aa11"
    signature = sign_presence("the key", at_s=at, hub=hub, path=path, body=body)
    code = (
        "import json, sys; from pushlab_channel import NotConfigured, is_genuine\n"
        "signature, at = json.loads(sys.argv[1])\n"
        "headers = {'Pushlab-Hub': 'aa11', 'PUSHLAB-SIGNATURE': signature}\n"
        "path, body = '/_ah/channel/connected/', b'from=z%C3%A9'\n"
        "print([is_genuine('the key', headers, path, body, at + 299),\n"
        "  is_genuine(u'the key', headers, path, body),\n"
        "  is_genuine('the key', headers, path, body, at + 301),\n"
        "  is_genuine('another', headers, path, body),\n"
        "  is_genuine('the key', headers, path, b'from=bob'),\n"
        "  is_genuine('the key', headers, '/_ah/channel/disconnected/', body),\n"
        "  is_genuine('the key', {}, path, body),\n"
        "  is_genuine('the key', dict(headers, **{'PUSHLAB-SIGNATURE': u't=\\u0661,v1=\\xe9'}),\n"
        "    path, body)])\n"
        "for key in '', None:\n"
        "    try: is_genuine(key, headers, path, body)\n"
        "    except NotConfigured: continue\n"
        "    print('without a key')\n"
    )
    done = subprocess.run(
        [python, "-B", "-c", code, json.dumps([signature, at])],
        env={**os.environ, "PYTHONPATH": str(APPENGINE)},
        capture_output=True,
        text=True,
    )
    assert (done.stdout.strip(), done.stderr) == (str([True] * 2 + [False] * 6), "")
