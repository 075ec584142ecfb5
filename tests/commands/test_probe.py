import asyncio
import contextlib
import json
import threading
from dataclasses import replace

import pytest

from pushlab.commands.probe_address import told_table
from pushlab.commands.probe_verdicts import judge
from pushlab.commands.probe_words import lines_of, silence_line
from pushlab.lab.probe.address import AddressFound
from pushlab.lab.probe.findings import (
    Answer,
    Delivered,
    Found,
    PublishSeen,
    Resumed,
    Silence,
    StreamSeen,
)
from tests.commands.calling import run
from tests.lab.probe.small_servers import serving

GOOD = Delivered(
    came=True, after_s=0.001, second=True, sent=5, arrived=5, in_order=True, leaked=False
)
RESUMED = Resumed(away=2, came=2, back=True, place="Last-Event-ID: 6")
SSE = Found(
    transport="sse",
    path="/sse/{channel}",
    form="event-stream",
    accepted_s=0.01,
    answer=Answer(status=200, media_type="text/event-stream"),
    delivered=replace(GOOD, held_back=False),
    resumed=RESUMED,
    stream=StreamSeen(messages=5, ids=5, last_id="6", kinds=("message",)),
    silence=Silence(listened_s=20.0, beats=1, kind="comment", period_s=15.0),
)
TAKEN = PublishSeen(how="POST /publish/{channel}", status=202, after_s=0.001)


@contextlib.contextmanager
def served(**does):
    """A small server in a thread of its own; its URL."""
    ready, stop, urls = threading.Event(), asyncio.Event(), []
    loop = asyncio.new_event_loop()

    async def serve():
        async with serving(**does) as server:
            urls.append(server.url)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(60)
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def toml(
    folder, url, *, publish="", speaks='[system.sse]\npath = "/sse/{channel}"\nlast_id = "id"'
):
    told = f"""path = "/publish/{{channel}}", body = '{{"text": "{{message}}"}}'{publish}"""
    path = folder / "mine.toml"
    path.write_text(f'[system]\nurl = "{url}"\npublish = {{ {told} }}\n{speaks}\n')
    return path


# ---- what it says ------------------------------------------------------------------------------


def test_a_good_transport_is_good_and_needs_no_advice():
    verdict = judge(SSE, TAKEN)
    assert (verdict.word, verdict.delivers, verdict.resumes) == ("good", "yes", "yes")
    assert (verdict.keep_alive, verdict.buffered) == ("15.0 s", "no")
    assert not verdict.advice
    assert all(line.mark in ("good", "note", "unknown") for line in lines_of(SSE, TAKEN))


@pytest.mark.parametrize(
    ("changed", "word", "advice"),
    [
        ({"resumed": replace(RESUMED, came=0)}, "no, 2 of 2 lost", "Last-Event-ID is not"),
        ({"resumed": replace(RESUMED, came=0), "stream": StreamSeen()}, "no,", "send `id: N`"),
        ({"resumed": replace(RESUMED, again=6)}, "yes, 6 again", "only what came after"),
        ({"delivered": replace(SSE.delivered, held_back=True)}, "late", "proxy_buffering off"),
        ({"delivered": replace(SSE.delivered, second=False)}, "to one only", "to all readers"),
        ({"delivered": replace(SSE.delivered, leaked=True)}, "to all channels", "channels apart"),
        ({"delivered": replace(SSE.delivered, in_order=False)}, "out of order", "keep the order"),
        ({"delivered": replace(SSE.delivered, arrived=3)}, "some", "quick succession"),
        ({"delivered": replace(SSE.delivered, again=1)}, "twice", ""),
        ({"delivered": Delivered(waited_s=5)}, "no", "different channels"),
        ({"silence": Silence(listened_s=20.0)}, "none in 20.0 s", "every 15 to 30 s"),
        ({"silence": Silence(listened_s=20.0, ended_s=5.0)}, "cut at 5.00 s", "ended after"),
        ({"trouble": "html", "delivered": None}, "no", "correct the path"),
        ({"trouble": "wrong-type", "delivered": None}, "no", "text/event-stream"),
    ],
)
def test_each_fault_has_its_word_and_its_advice(changed, word, advice):
    verdict = judge(replace(SSE, **changed), TAKEN)
    words = (verdict.delivers, verdict.resumes, verdict.keep_alive)
    assert any(each.startswith(word) for each in words)
    assert any(advice in each for each in verdict.advice) or not advice


def test_to_give_no_keep_alive_is_no_bad_verdict_and_to_lose_is_one():
    assert judge(replace(SSE, silence=Silence(listened_s=20.0)), TAKEN).word == "good"
    assert judge(replace(SSE, resumed=replace(RESUMED, came=1)), TAKEN).word == "bad"


def test_a_short_silence_says_nothing():
    short = replace(SSE, silence=Silence(listened_s=1.0))
    assert silence_line(short).mark == "unknown"
    assert not judge(short, TAKEN).advice


def test_messages_of_others_are_counted_beside_what_keeps_alive():
    quiet = Silence(listened_s=20.0, beats=4, kind="event 'news'", period_s=5.0, others=4)
    told = silence_line(replace(SSE, silence=quiet)).text
    assert told == "an event 'news' every 5.00 s; 4 messages of others came"


def test_a_table_to_start_from_keeps_secrets_and_places_out_of_paths():
    found = AddressFound(
        url="https://me:word@a.example/rooms/7?since=3&access_token=abc",
        kinds=("json",),
        places=("$.last",),
    )
    table = told_table(found)
    assert 'url = "https://a.example"' in table
    assert 'path = "/rooms/7?since={last_id}&access_token={env.ACCESS_TOKEN}"' in table
    assert 'first_id = "3"' in table
    assert "word" not in table
    assert "abc" not in table


# ---- the command -------------------------------------------------------------------------------


def test_a_url_is_said_to_be_what_it_is(capsys):
    with served() as url:
        status, out, _ = run(capsys, "probe", f"{url}/poll/a", "--listen", "100ms")
        assert status == 0
        assert "for polling: JSON object: last, messages" in out
        assert '[system.short-polling]\npath = "/poll/a"' in out
        status, out, _ = run(capsys, "probe", f"{url}/page", "--listen", "100ms")
        assert status == 1
        assert "a page of HTML" in out
    status, out, _ = run(capsys, "probe", url)
    assert status == 1
    assert "nobody listens" in out


def test_a_file_is_probed_and_judged(capsys, tmp_path):
    with served(keep_alive_s=0.1) as url:
        file = toml(tmp_path, url)
        status, out, err = run(capsys, "probe", file, "--listen", "500ms", "--json")
    assert status == 0
    told = json.loads(out)
    assert told["verdicts"][0]["verdict"] == "good"
    assert told["found"][0]["resumed"]["came"] == 2
    assert "got both when it was back" in err


def test_a_secret_is_not_shown_where_the_server_says_it(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("PROBED_KEY", "s3cret-word")
    with served(publish_status=401, publish_body="bad key s3cret-word") as url:
        headers = ', headers = { authorization = "Bearer {env.PROBED_KEY}" }'
        file = toml(tmp_path, url, publish=headers)
        status, out, err = run(capsys, "probe", file, "--listen", "0s")
        assert status == 1
        assert "was answered 401: bad key {env.PROBED_KEY} ({env.PROBED_KEY} is set)" in out
        assert "s3cret-word" not in out + err
        monkeypatch.setenv("PROBED_KEY", "")
        status, out, _ = run(capsys, "probe", file, "--listen", "0s")
        assert "{env.PROBED_KEY} is set, but empty" in out
        assert "set PROBED_KEY in the environment" in out
        monkeypatch.delenv("PROBED_KEY")
        status, _, err = run(capsys, "probe", file, "--listen", "0s")
        assert status == 2
        assert "PROBED_KEY" in err
        assert len(err.splitlines()) == 1


def test_elsewhere_it_reads_unless_it_may_publish(capsys, tmp_path):
    file = toml(tmp_path, "http://a.invalid")
    status, out, _ = run(capsys, "probe", file, "--listen", "0s", "--wait", "100ms")
    assert status == 1
    assert "reading only: --publish" in out


@pytest.mark.parametrize(
    "words",
    [
        ("nix",),
        ("localhost:8000/a",),
        ("nowhere.toml",),
        ("ftp://a.invalid/",),
        ("hub", "--wait", "0s"),
    ],
)
def test_what_cannot_be_probed_is_refused_in_one_line(capsys, words):
    status, _, err = run(capsys, "probe", *words)
    assert status == 2
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("width", [80, 120])
def test_lines_keep_to_the_terminal(capsys, tmp_path, monkeypatch, width):
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm"), ("COLUMNS", str(width))):
        monkeypatch.setenv(name, value)
    with served(resumes=False) as url:
        _, out, _ = run(capsys, "probe", toml(tmp_path, url), "--listen", "0s")
    plain = [line for line in _without_colours(out).splitlines() if "what to change" not in line]
    assert len(plain) > 10
    assert max(map(len, plain)) <= width


def _without_colours(text):
    import re

    return re.sub("\x1b[^m]*m", "", text)
