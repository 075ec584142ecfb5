"""What is behind the pages: rooms, games and the race, by what members' channels hear of them."""

import asyncio
import contextlib
import functools
import itertools
import json
import math
import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from pushlab.brokers.start import start_broker
from pushlab.channel_api import LocalChannelService
from pushlab.cli import main
from pushlab.contract.cursor import Cursor
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import Refused
from pushlab.hub.backplane.memory import MemoryBackplane
from pushlab.hub.core import Hub
from pushlab.hub.keep.file import KeepFile
from pushlab.hub.keep.keep import Keep
from pushlab.hub.keep.lives import Lives
from pushlab.hub.process import HubConfig
from pushlab.hub.serve import serve
from pushlab.runs import Link
from pushlab.web import chat, tictactoe
from pushlab.web.board import LINES, Board
from pushlab.web.chat import Chat
from pushlab.web.crowd import Crowd
from pushlab.web.crowd_process import COUNTED, LaneRequest, LaneStatus, Tally
from pushlab.web.lesson import Lesson
from pushlab.web.members import small
from pushlab.web.race import LANES, Race, Settings, _gap
from pushlab.web.site import WebSite
from pushlab.web.tictactoe import TicTacToe
from tests.live_hub import ask
from tests.patience import PATIENCE_S

SOON_S = 0.05


class Page:
    """A member's page: what it was told on joining, and what its channel has heard since."""

    def __init__(self, hub, told):
        self.hub = hub
        self.told = told
        self.token = told["token"]
        self.grant = hub.verify(self.token)
        self._heard = asyncio.Queue()
        self._open = 0
        feed = hub.tail(self.grant.channel, cursor_of(told), self._take)
        feed.start()

    def _take(self, entries):
        for entry in entries:
            self._heard.put_nowait(json.loads(entry.data))
        return True

    def open(self):
        """The page opens its channel."""
        self._open += 1
        self.hub.join(self.grant)
        return self

    def go(self):
        """The page's channel goes."""
        self._open -= 1
        self.hub.leave(self.grant)

    async def hears(self):
        return await asyncio.wait_for(self._heard.get(), PATIENCE_S)

    def heard_all(self):
        heard = []
        while not self._heard.empty():
            heard.append(self._heard.get_nowait())
        return heard


def channels_of(hub):
    return LocalChannelService(hub, settings=small(hub.settings))


def cursor_of(told):
    return Cursor.parse(told["cursor"])


@pytest.fixture
async def hub():
    return Hub(keys=TokenKeys.fresh())


async def refused(result):
    """The status and reason with which something is refused."""
    with pytest.raises(Refused) as refusal:
        await result if asyncio.iscoroutine(result) else result()
    return refusal.value.status, refusal.value.reason


# ---- chat -------------------------------------------------------------------------------------


async def test_three_talk_and_each_hears_all_in_order_even_before_its_channel_is_open(hub):
    rooms = Chat(channels_of(hub))
    ann, bob, cyd = [
        Page(hub, rooms.join({"room": " lobby ", "name": name})) for name in ("Ann", "Bob", "Cyd")
    ]
    assert cyd.told["members"] == ["Ann", "Bob", "Cyd"]
    assert cyd.grant.channel == cyd.grant.client_id == cyd.told["client_id"]
    rooms.say({"token": bob.token, "text": "<b>hi</b>\n漢字", "ref": "r1"})
    rooms.say({"token": ann.token, "text": "well"})
    rooms.leave({"token": bob.token})
    for page, joined in ((ann, ["Bob", "Cyd"]), (cyd, [])):
        heard = page.heard_all()
        assert [m["name"] for m in heard if m["type"] == "joined"] == joined
        said = [(m["name"], m["text"], m.get("ref")) for m in heard if m["type"] == "said"]
        assert said == [("Bob", "<b>hi</b>\n漢字", "r1"), ("Ann", "well", None)]
        assert (heard[-1]["type"], heard[-1]["name"], heard[-1]["why"]) == ("left", "Bob", "left")
        assert heard[-1]["members"] == ["Ann", "Cyd"]
    assert await refused(lambda: rooms.say({"token": bob.token, "text": "x"})) == (
        401,
        "not-a-member",
    )
    other = rooms.join({"room": "Lobby", "name": "Ann"})  # another room, another Ann
    assert other["members"] == ["Ann"]


async def test_who_goes_is_missed_after_a_while_and_who_reloads_is_not(hub):
    rooms = Chat(channels_of(hub), grace_s=SOON_S)
    ann = Page(hub, rooms.join({"room": "r", "name": "Ann"})).open()
    bob = Page(hub, rooms.join({"room": "r", "name": "Bob"})).open()
    ann.heard_all()
    bob.go()
    again = Page(hub, rooms.join({"room": "r", "name": "Bob", "token": bob.token})).open()
    assert again.told["client_id"] == bob.told["client_id"]
    await asyncio.sleep(3 * SOON_S)
    assert ann.heard_all() == []
    again.go()
    left = await ann.hears()
    assert (left["type"], left["name"], left["why"]) == ("left", "Bob", "gone")
    new = rooms.join({"room": "r", "name": "Bob", "token": bob.token})
    assert new["client_id"] != bob.told["client_id"]


@contextlib.asynccontextmanager
async def kept_hub(path, keys):
    """A hub that goes on where the one before it with this file stood."""
    file = KeepFile(path)
    lives = Lives(file.seed, file.generation)
    hub = Hub(keys=keys, backplane=lambda hub: MemoryBackplane(hub, lives=lives))
    hub.backplane.keep_in(keep := Keep(file, hub, lives))
    keep.restore(hub.settings)
    async with hub.backplane.running():
        yield hub


async def test_a_room_outlives_its_server(tmp_path):
    keys, path = TokenKeys.fresh(), tmp_path / "kept"
    who = ("Ann", "100% A/B", "Лев", "quiet " + "😀" * 24)
    async with kept_hub(path, keys) as hub:
        rooms = Chat(channels_of(hub))
        pages = {name: Page(hub, rooms.join({"room": "a/b", "name": name})) for name in who}
        rooms.say({"token": pages["Ann"].token, "text": "before"})
        left = rooms.join({"room": "a/b", "name": "Bob"})
        rooms.leave({"token": left["token"]})
    async with kept_hub(path, keys) as hub:
        rooms = Chat(channels_of(hub))
        first = rooms.join({"room": "a/b", "name": "Ann", "token": pages["Ann"].token})
        assert first["client_id"] == pages["Ann"].grant.client_id
        assert set(first["members"]) == set(who)  # although no other has come back yet
        rooms.say({"token": first["token"], "text": "after"})
        for name in who:
            told = pages[name].told
            page = hub.read(hub.verify(told["token"]), cursor_of(told))
            heard = [json.loads(entry.data) for entry in page.entries]
            assert page.gap_after is None
            assert [m["text"] for m in heard if m["type"] == "said"] == ["before", "after"]
            again = rooms.join({"room": "a/b", "name": name, "token": told["token"]})
            assert again["client_id"] == told["client_id"]


async def test_who_does_not_come_back_to_a_new_server_is_gone(tmp_path):
    keys, path = TokenKeys.fresh(), tmp_path / "kept"
    async with kept_hub(path, keys) as hub:
        rooms = Chat(channels_of(hub))
        ann, bob = [rooms.join({"room": "r", "name": name}) for name in ("Ann", "Bob")]
        rooms.say({"token": bob["token"], "text": "hi"})
    async with kept_hub(path, keys) as hub:
        rooms = Chat(channels_of(hub), opening_s=SOON_S)
        ann = Page(hub, rooms.join({"room": "r", "name": "Ann", "token": ann["token"]})).open()
        left = await ann.hears()
        assert (left["type"], left["name"], left["why"]) == ("left", "Bob", "gone")
        new = rooms.join({"room": "r", "name": "Bob", "token": bob["token"]})
        assert new["client_id"] != bob["client_id"]


async def test_a_token_that_has_expired_is_changed_by_joining_again(hub):
    rooms, games = Chat(channels_of(hub)), TicTacToe(channels_of(hub))
    for app, fields in ((rooms, {"room": "r", "name": "Ann"}), (games, {"game": "g"})):
        ann = Page(hub, app.join(fields)).open()
        past = {"duration_minutes": 1, "now": time.time() - 3_600}
        old, _ = hub.keys.issue(client_id=ann.grant.client_id, channel=ann.grant.channel, **past)
        again = app.join({**fields, "token": old})
        assert again["client_id"] == ann.grant.client_id
        assert hub.verify(again["token"]).channel == ann.grant.channel
        assert await refused(lambda app=app, old=old: app.leave({"token": old})) == (
            401,
            "not-a-member",
        )


async def test_who_never_opens_its_channel_does_not_stay_and_the_room_goes_with_the_last(hub):
    rooms = Chat(channels_of(hub), opening_s=SOON_S)
    ann = Page(hub, rooms.join({"room": "r", "name": "Ann"})).open()
    rooms.join({"room": "r", "name": "Bob"})
    heard = [await ann.hears(), await ann.hears()]
    assert [(m["type"], m["name"]) for m in heard] == [("joined", "Bob"), ("left", "Bob")]
    rooms.leave({"token": ann.token})
    assert len(rooms.members) == 0
    assert rooms._rooms == {}


async def test_a_full_hub_refuses_a_member_before_anybody_hears_of_it(hub, monkeypatch):
    rooms = Chat(channels_of(hub))
    ann = Page(hub, rooms.join({"room": "r", "name": "Ann"})).open()
    monkeypatch.setattr("pushlab.hub.backplane.memory.MAX_CHANNELS", 1)  # and there is Ann's
    with pytest.raises(Refused, match="channels already"):
        rooms.join({"room": "r", "name": "Bob"})
    assert (ann.heard_all(), len(rooms.members)) == ([], 1)
    monkeypatch.undo()
    assert (rooms.join({"room": "r", "name": "Bob"}))["members"] == ["Ann", "Bob"]


async def test_rooms_names_and_texts_are_bounded(hub, monkeypatch):
    monkeypatch.setattr(chat, "MOST_ROOMS", 2)
    monkeypatch.setattr(chat, "MOST_IN_A_ROOM", 2)
    rooms = Chat(channels_of(hub))

    async def join(room, name):
        return await refused(lambda: rooms.join({"room": room, "name": name}))

    ann = rooms.join({"room": "1", "name": "Ann"})
    assert await join("1", "ａｎｎ") == (409, "name-taken")  # looks the same
    rooms.join({"room": "1", "name": "Bob"})
    assert await join("1", "Cyd") == (429, "room-full")
    rooms.join({"room": "2", "name": "Ann"})
    assert await join("3", "Ann") == (429, "too-many-rooms")
    for bad in ("", "  ", "x" * 31, "a\nb", "a\x00", "\ud800", "a\u202eb", 7, None):
        status, _ = await refused(lambda: rooms.join({"room": "1", "name": bad}))  # noqa: B023
        assert status == 400, bad
    for bad in ("", " \n", "x" * 2_001, "\x07", "\ud800", ["x"]):
        assert (await refused(lambda: rooms.say({"token": ann["token"], "text": bad})))[0] == 400  # noqa: B023
    for token in (None, 7, "", "x.y.z", ann["token"] + "x"):
        assert await refused(lambda: rooms.say({"token": token, "text": "x"})) == (  # noqa: B023
            401,
            "not-a-member",
        )
    widest = {"token": ann["token"], "text": "\U0001f600" * 2_000, "ref": "r" * 40}
    for _ in range(300):
        rooms.say(widest)  # fits a message, and channels keep few of them
    kept = hub.channel(ann["client_id"])
    assert 100_000 < kept._bytes <= 128 * 1024
    rooms.leave({"token": ann["token"]})
    assert kept._bytes == 0  # nobody is left to read it
    monkeypatch.setattr("pushlab.web.members.MOST_MEMBERS", len(rooms.members))
    assert await join("2", "Dan") == (429, "too-many-members")


# ---- tic-tac-toe: the rules -------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from("XO"), st.integers(-2, 10)), max_size=40))
def test_whatever_is_tried_a_board_stays_one_that_the_rules_allow(tries):
    board, made = Board(), []
    for mark, cell in tries:
        before = board
        try:
            board = board.play(mark, cell)
        except Refused:
            assert board is before
            continue
        made.append((mark, cell))
        assert [i for i in range(9) if before.cells[i] != board.cells[i]] == [cell]
        assert board.cells[cell] == mark
        assert before.winner is None
    assert [mark for mark, _ in made] == ["XO"[i % 2] for i in range(len(made))]
    won = [m for m in "XO" if any(all(board.cells[c] == m for c in line) for line in LINES)]
    assert len(won) <= 1
    if won:
        assert board.winner == won[0] == made[-1][0]
        assert all(board.cells[c] == won[0] for c in board.line)
    else:
        assert board.line is None
        assert board.winner == ("draw" if "" not in board.cells else None)


def test_all_games_that_can_be_played_end_as_they_must():
    @functools.cache
    def ends(board):
        """How many games from here X wins, O wins, nobody wins."""
        if board.winner is not None:
            return tuple(int(board.winner == end) for end in ("X", "O", "draw"))
        free = [cell for cell in range(9) if not board.cells[cell]]
        after = [ends(board.play(board.next_mark, cell)) for cell in free]
        return tuple(map(sum, zip(*after, strict=True)))

    assert ends(Board()) == (131_184, 77_904, 46_080)  # well known: 255,168 games


# ---- tic-tac-toe: games -----------------------------------------------------------------------


async def sit(games, hub, **body):
    return Page(hub, games.join(body)).open()


async def test_two_play_a_game_and_one_watches(hub):
    games = TicTacToe(channels_of(hub))
    ann = await sit(games, hub, name="Ann")
    name = ann.told["game"]
    assert ann.told["state"]["note"] == "Waiting for an opponent."
    alone = {"token": ann.token, "cell": 0}
    assert await refused(lambda: games.move(alone)) == (409, "no-opponent")
    bob = await sit(games, hub, game=name, name="Bob")
    cyd = await sit(games, hub, game=name)
    marks = [page.told["mark"] for page in (ann, bob, cyd)]
    assert marks == ["X", "O", "watching"]

    def move(page, cell):
        return games.move({"token": page.token, "cell": cell})["state"]

    assert await refused(lambda: move(bob, 0)) == (409, "not-your-turn")
    assert await refused(lambda: move(cyd, 0)) == (403, "watching")
    for page, cell in ((ann, 0), (bob, 4), (ann, 1), (bob, 5)):
        move(page, cell)
    assert await refused(lambda: move(ann, 4)) == (409, "cell-taken")
    for bad in (9, -1, "1", True, None, 1.0):
        assert (await refused(lambda: move(ann, bad)))[0] == 400  # noqa: B023
    again = {"token": ann.token}
    assert await refused(lambda: games.again(again)) == (409, "not-over")
    assert move(ann, 2)["note"] == "Ann (X) has won."
    assert await refused(lambda: move(bob, 8)) == (409, "game-over")
    for page, mark in ((ann, "X"), (bob, "O"), (cyd, "watching")):
        heard = page.heard_all()
        assert [m["n"] for m in heard] == sorted({m["n"] for m in heard})
        assert heard[-1]["board"] == ["X", "X", "X", "", "O", "O", "", "", ""]
        assert (heard[-1]["winner"], heard[-1]["line"]) == ("X", [0, 1, 2])
        assert (heard[-1]["turn"], heard[-1]["you"], heard[-1]["watching"]) == (None, mark, 1)
    state = games.again(again)["state"]
    assert (state["you"], state["turn"], state["board"]) == ("O", "X", [""] * 9)
    assert bob.heard_all()[-1]["you"] == "X"


async def test_an_opponent_who_leaves_is_noticed_and_has_the_seat_for_a_while(hub):
    games = TicTacToe(channels_of(hub), grace_s=SOON_S, seat_kept_s=20 * SOON_S)
    ann = await sit(games, hub, game="g", name="Ann")
    bob = await sit(games, hub, game="g", name="Bob")
    games.move({"token": ann.token, "cell": 4})
    ann.heard_all()
    bob.go()
    left = await ann.hears()
    assert left["players"]["O"] == {"name": "Bob", "present": False}
    assert left["note"].startswith("Bob (O) left")
    bob = await sit(games, hub, game="g", name="Bob", token=bob.token)
    assert (await ann.hears())["players"]["O"]["present"]
    assert (bob.told["mark"], bob.told["state"]["board"][4]) == ("O", "X")
    bob.go()
    notes = [(await ann.hears())["players"]["O"] for _ in range(2)]
    assert notes == [{"name": "Bob", "present": False}, None]
    cyd = await sit(games, hub, game="g", name="Cyd")
    assert cyd.told["mark"] == "O"
    games.move({"token": cyd.token, "cell": 0})


async def test_games_and_people_at_them_are_bounded_and_the_last_one_ends_a_game(hub, monkeypatch):
    monkeypatch.setattr(tictactoe, "MOST_GAMES", 2)
    monkeypatch.setattr(tictactoe, "MOST_IN_A_GAME", 3)
    games = TicTacToe(channels_of(hub))
    pages = [await sit(games, hub, game="a") for _ in range(3)]
    assert await refused(lambda: games.join({"game": "a"})) == (429, "game-full")
    other = await sit(games, hub)
    assert await refused(lambda: games.join({"game": "c"})) == (429, "too-many-games")
    for bad in ("A", "a" * 21, "a b", "../a", 7):
        assert (await refused(lambda: games.join({"game": bad})))[0] == 400  # noqa: B023
    for page in (*pages, other):
        games.leave({"token": page.token})
    assert (len(games.members), games._games, games.members._leaving) == (0, {}, {})


# ---- the race ---------------------------------------------------------------------------------


@given(
    st.dictionaries(
        st.sampled_from([*Settings.bounds(), "nothing"]),
        st.one_of(st.integers(), st.floats(), st.booleans(), st.text(), st.none()),
        max_size=3,
    )
)
def test_settings_are_never_out_of_bounds(changes):
    try:
        settings = Settings().changed(changes)
    except Refused:
        return
    for name, (least, most) in Settings.bounds().items():
        assert least <= getattr(settings, name) <= most
    assert isinstance(settings.clients, int)


def test_the_crowds_recorder_counts_and_keeps_nothing():
    tally = Tally()
    for seq in range(10_000):
        tally.add_subscriber(1)
        tally.add_seq(seq)
        tally.add_received_ns(seq)
        tally.moved(1, seq, 100)
        tally.connected(1, seq, seq)
    assert tally.deliveries == 10_000
    assert not any(map(len, (tally.seq, tally.subscriber, tally.moved_ns, tally.wanted_ns)))


async def test_messages_have_just_the_size_that_is_set_and_count_on(hub):
    race = Race(hub)
    for size in (60, 200, 32_000):
        race.change({"payload_bytes": size})
        told = await race.publish({})
        page = hub.read(hub.verify((await race.join({}))["lanes"]["sse"]["token"]), None)
        entry = hub.channel("demo-race")._log[-1]
        assert (entry.size, page.position.seq) == (size, told["n"])
        data = json.loads(entry.data)
        assert (data["n"], data["sent_ms"]) == (told["n"], told["sent_ms"])
    race.reset({})
    assert ((await race.publish({}))["n"], race.state()["published"]) == (4, 1)


async def test_a_full_hub_does_not_end_the_race(hub, monkeypatch):
    race = Race(hub)
    race.change({"rate_per_s": 50})
    monkeypatch.setattr("pushlab.hub.backplane.memory.MAX_CHANNELS", 0)
    async with race.running():
        race.state()
        await asyncio.sleep(3 * SOON_S)
        assert race.state()["published"] == 0
        monkeypatch.undo()
        async with asyncio.timeout(PATIENCE_S):
            while race.state()["published"] == 0:  # noqa: ASYNC110 - the look keeps it going
                await asyncio.sleep(0.01)


def test_gaps_between_messages_keep_the_rate():
    gaps = [_gap() for _ in range(20_000)]
    assert sum(gaps) / len(gaps) == pytest.approx(1, rel=0.05)
    # By chance: what has not come in half a gap is as far away as it was (the course's 61 %).
    assert sum(gap > 0.5 for gap in gaps) / len(gaps) == pytest.approx(math.exp(-0.5), abs=0.02)


async def test_messages_do_not_come_in_step(hub, monkeypatch):
    """Else each would wait just as long for a poll by the clock as the one before."""
    monkeypatch.setattr("pushlab.web.race._LATE_S", 3_600.0)  # due by the clock, however late
    monkeypatch.setattr("pushlab.web.race.random", random.Random(1))
    race = Race(hub)
    race.change({"rate_per_s": 50})
    async with race.running(), asyncio.timeout(PATIENCE_S):
        while race.state()["published"] < 40:  # noqa: ASYNC110 - the look keeps it going
            await asyncio.sleep(0.01)
    sent_ms = [json.loads(entry.data)["sent_ms"] for entry in hub.channel("demo-race")._log]
    gaps_ms = [after - before for before, after in itertools.pairwise(sent_ms)]
    assert sum(gap < 19 for gap in gaps_ms) >= 5
    assert sum(gap > 21 for gap in gaps_ms) >= 5


async def test_a_crowd_that_does_not_answer_is_said_so(monkeypatch):
    async def nobody(*_):
        await asyncio.sleep(PATIENCE_S)

    monkeypatch.setattr("pushlab.web.crowd.spawn_child", nobody)
    monkeypatch.setattr("pushlab.web.crowd._ANSWER_S", 0.01)
    crowd = Crowd()
    await crowd.follow({"sse": LaneRequest(1, "", {}, {}, Link())})
    assert crowd.lanes["sse"].note == "the further clients' process failed: no answer"


async def test_what_a_crowd_got_before_a_reset_is_not_counted_after_it(monkeypatch):
    got = 0

    class Process:
        async def settle(self, *, lane, request):
            pass

        async def status(self):
            counted = dict.fromkeys(COUNTED, got)
            return {"sse": LaneStatus(clients=1, accepted=1, ended=0, trouble="", counted=counted)}

    async def commands(self):
        return Process()

    monkeypatch.setattr(Crowd, "_commands", commands)
    crowd, wishes = Crowd(), {"sse": LaneRequest(1, "", {}, {}, Link())}
    counted = []
    for got in (10, 30, 35):
        await crowd.follow(wishes)
        counted.append(crowd.lanes["sse"].counted["deliveries"])
        if got == 10:
            crowd.reset()
    assert counted == [10, 0, 5]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def race_site():
    """A hub with its site and an embedded broker in this process: post(path, body), state()."""
    keys = TokenKeys.fresh()
    made = []

    def make(hub):
        made.append(WebSite(hub))
        return made[0]

    async with await start_broker("embedded") as broker:
        config = HubConfig(keys=keys.export(), broker=broker.access)
        stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(
            serve(config, stop=stop, ready=listening.set_result, make_site=make)
        )
        try:
            url = await asyncio.wait_for(listening, PATIENCE_S)

            async def post(path, body):
                answer = await ask(
                    url,
                    "POST",
                    path,
                    body=json.dumps(body).encode(),
                    headers={"Content-Type": "application/json"},
                )
                assert answer.status == 200, answer
                return answer.json

            async def state():
                return (await ask(url, "GET", "/demo/race/state")).json

            yield made[0].race, post, state
        finally:
            stop.set()
            await serving


async def until(state, true):
    """Look on until `true(state)`."""
    async with asyncio.timeout(PATIENCE_S):
        while not true(found := await state()):  # noqa: ASYNC110 - the look itself is the point
            await asyncio.sleep(0.1)
    return found


def crowd_is(clients):
    return lambda found: all(
        lane["swarm"]["ready"] and lane["swarm"]["clients"] == clients
        for lane in found["lanes"].values()
    )


@pytest.mark.asyncio(loop_scope="module")
async def test_the_race_runs_while_somebody_looks_on_and_its_crowd_follows_the_settings(
    monkeypatch, race_site
):
    monkeypatch.setattr("pushlab.web.race.LOOKED_ON_S", 2.0)
    monkeypatch.setattr("pushlab.web.crowd._AGAIN_S", 0.1)
    race, post, state = race_site
    assert set((await post("/demo/race/join", {}))["lanes"]) == set(LANES)
    await post("/demo/race/settings", {"clients": 4, "rate_per_s": 20, "poll_interval_s": 0.5})
    await until(state, crowd_is(3))
    # A process that dies comes back.
    first = race.crowd.pid
    os.kill(first, signal.SIGKILL)
    await until(state, lambda s: race.crowd.pid not in (None, first) and crowd_is(3)(s))
    pid = race.crowd.pid
    await post("/demo/race/reset", {})
    found = await until(
        state,
        lambda s: (
            all(lane["swarm"]["deliveries"] >= 60 for lane in s["lanes"].values())
            and s["lanes"]["mqtt"]["hits"].get("ack", 0) >= 60  # the broker tells now and then
        ),
    )
    assert found["published"] >= 20
    lanes = found["lanes"]
    assert lanes["long-polling"]["hits"]["poll-useful"] >= 3  # where it is busy, several at once
    assert lanes["sse"]["hits"] == {}  # they connected before the reset, and that is all
    assert all(lane["swarm"]["bytes_in"] > 60 * 200 for lane in lanes.values())
    # An interval is short polling's alone: the others are not disturbed.
    await post("/demo/race/settings", {"poll_interval_s": 0.2, "rate_per_s": 0})
    await until(state, lambda s: s["lanes"]["short-polling"]["hits"].get("connect", 0) >= 3)
    found = await until(state, lambda s: s["lanes"]["short-polling"]["wasted"] >= 5)
    assert found["lanes"]["sse"]["hits"] == found["lanes"]["websocket"]["hits"] == {}
    # More and fewer clients come and go one by one; a longer way is for all.
    await post("/demo/race/settings", {"clients": 6})
    found = await until(state, crowd_is(5))
    assert found["lanes"]["websocket"]["hits"] == {"connect": 2}
    await post("/demo/race/settings", {"clients": 2, "one_way_ms": 50})
    assert (await state())["settling"]
    await until(state, crowd_is(1))
    assert race.crowd.pid == pid
    # The hits of those who go are of the comparison before.
    found = await until(state, lambda s: not s["settling"])
    assert "leave" not in found["lanes"]["short-polling"]["hits"]
    assert found["lanes"]["websocket"]["hits"] == {}
    assert set(found["lanes"]["mqtt"]["hits"]) <= {"ack"}  # which its broker may tell late
    published = (await state())["published"]
    await post("/demo/race/publish", {})
    assert (await state())["published"] == published + 1
    # Nobody looks on: the crowd goes, its process too, and nothing is published.
    await post("/demo/race/settings", {"rate_per_s": 50})
    async with asyncio.timeout(PATIENCE_S):
        while race.crowd.pid is not None or psutil.pid_exists(pid):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    standing = race._published
    await asyncio.sleep(0.3)
    assert race._published == standing


async def test_without_a_broker_the_race_has_four_lanes_and_says_why(hub):
    race = Race(hub)
    told = await race.join({})
    assert set(told["lanes"]) == set(LANES) - {"mqtt"}
    assert "mqtt" in told["missing"]
    assert set(race.state()["lanes"]) == set(told["lanes"])


# ---- the lesson -------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
async def test_the_lesson_tells_real_conversations_without_their_tokens(race_site):
    _, post, _ = race_site
    asked = [{"transport": name, "messages": 1, "span_s": 1.2} for name in LANES]
    for told in await asyncio.gather(*(post("/demo/lesson", body) for body in asked)):
        name = told["transport"]
        assert [m["data"] for m in told["published"]] == ["Hello, says the server."], name
        assert [m["data"] for m in told["delivered"]] == ["Hello, says the server."], name
        published, delivered = told["published"][0]["at_ms"], told["delivered"][0]["at_ms"]
        assert 0 < published <= delivered <= told["span_ms"]
        text = json.dumps(told)
        assert "<token>" in text
        words = text.replace("%", " ").replace("=", " ").split()
        assert not [word for word in words if word.count(".") == 2 and len(word) > 60]
        assert "a message" in [piece.get("note") for piece in told["pieces"]]
        assert told["peer"] == ("broker" if name == "mqtt" else "hub")


async def test_the_lesson_refuses_what_it_cannot_do(hub):
    lesson = Lesson(hub)
    assert await refused(lesson.converse({"transport": "mqtt"})) == (404, "no-such-transport")
    assert await refused(lesson.converse({"transport": ["sse"]})) == (404, "no-such-transport")
    for bad in ({"messages": 4}, {"messages": 1.5}, {"span_s": 3}, {"span_s": True}):
        assert (await refused(lesson.converse({"transport": "sse", **bad})))[0] == 400


# ---- the command ------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill"])
def test_pushlab_serve_is_up_soon_tells_its_pages_and_leaves_no_process(number):
    command = [sys.executable, "-m", "pushlab", "serve", "--port", "0", "--broker", "none"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = []
            for line in process.stdout:
                lines.append(line)
                if "Ctrl-C" in line:
                    break
            url = lines[0].split()[-1]
            assert any(line.split()[-1] == f"{url}/race" for line in lines)

            async def look_on():
                body = json.dumps({"clients": 3}).encode()
                kind = {"Content-Type": "application/json"}
                await ask(url, "POST", "/demo/race/settings", body=body, headers=kind)

                async def state():
                    return (await ask(url, "GET", "/demo/race/state")).json

                await until(state, crowd_is(2))

            asyncio.run(look_on())
            children = psutil.Process(process.pid).children(recursive=True)
            assert children
        finally:
            process.send_signal(number)
            process.wait(PATIENCE_S)
        _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
        assert alive == []


@pytest.mark.parametrize("more", [["--allow-origin", "friend"], ["--open", "--no-pages"]])
def test_pushlab_serve_says_in_one_line_what_is_wrong(more, capsys):
    assert main(["serve", "--port", "0", *more]) != 0
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert more[0] in said[0]
