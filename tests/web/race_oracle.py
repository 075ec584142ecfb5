"""Reads the race as a class does, and says where its words and its numbers contradict each other.

It knows what is on the page and nothing else: the sliders' words, the sentences, the figures. What
should be is computed here anew, from the rules of the course and not from the page's script.
"""

import math
import re
from typing import Any

__all__ = ["SNAPSHOT", "contradictions"]

#: All that is written, at one moment.
SNAPSHOT = """() => {
  const text = one => one === null ? null : one.textContent.replace(/\\s+/g, " ").trim();
  const of = id => text(document.getElementById(id));
  const shown = id => !document.getElementById(id).hidden;
  return {
    sliders: Object.fromEntries([...document.querySelectorAll("#sliders input")].map(
      one => [one.name, text(document.querySelector(`output[for=${one.id}]`))])),
    set: of("set"), follows: of("follows"), says: of("says"), published: of("published"),
    how: of("published-how"), fine: of("fine"), trouble: shown("trouble") ? of("trouble") : "",
    paused: shown("paused"), pauseWord: of("pause-word"),
    scene: shown("scene") ? of("scene-says") : "",
    pressed: [...document.querySelectorAll("#tries [aria-pressed=true]")].map(one => text(one)),
    lanes: Object.fromEntries([...document.querySelectorAll("li.lane")].map(lane => [
      lane.dataset.transport, {
        title: text(lane.querySelector("h3")), seen: text(lane.querySelector(".seen")),
        each_of: lane.querySelector(".each").title, idle: lane.classList.contains("idle"),
        landed: parseInt((lane.querySelector("canvas").ariaLabel ?? ": 0").match(/: ([\\d,]+)/)[1]
          .replaceAll(",", "")),
        ...Object.fromEntries([...lane.querySelectorAll("[data-figure]")].map(
          one => [one.dataset.figure, text(one.querySelector("dd"))])),
      }])),
  };
}"""

PRESETS = {
    "Silence": ("nothing", "every 0.5 s", "1", "none"),
    "Quiet": ("every 5 s", "every 0.5 s", "1", "none"),
    "Every day": ("every 2 s", "every 1 s", "1", "none"),
    "Busy": ("20 per s", "every 2 s", "1", "none"),
    "Crowd": ("1 per s", "every 2 s", "100", "none"),
    "Far away": ("1 per s", "every 2 s", "1", "300 ms"),
}
_KEYS = ("rate_per_s", "poll_interval_s", "clients", "one_way_ms")
_SET = re.compile(
    r"(?:(?P<none>Nothing is published(?: but by hand)?)"
    r"|A message every (?P<gap>[\d.]+) s on average"
    r"|(?P<one>A message) a second on average|(?P<rate>[\d.]+) messages a second on average)"
    r", a poll every (?P<interval>[\d.]+) s"
    r"(?: \(every (?P<period>[\d.]+) s, since each waits for its answer\))?"
    r"(?:, (?P<clients>[\d,]+) clients in each lane)?(?:, (?P<way>[\d,]+) ms each way)?\."
)
_FOLLOWS = re.compile(
    r"(?:(?P<all>Every question|All other questions)"
    r"|By e\^\(−rate × interval\), (?P<share>\S+) % of the questions) should find nothing"
    r"(?:; so far (?P<so_far>\S+) % \((?P<empty>[\d,]+) of (?P<asked>[\d,]+)\))?"
    r"(?:, and one should bring (?P<lump>[\d,.]+) messages)?\."
)
_SAYS = re.compile(
    r"Short polling: (?P<each>[\d,.]+) hits a delivery, (?P<sides>.+?);"
    r" news after (?P<late>[\d,.]+ m?s)"
    r" \((?:(?P<first>as soon as anywhere)|(?P<who>[^:]+): (?P<soon>[\d,.]+ m?s))\)\."
)
_ASKED = re.compile(r"Asked (?P<asked>\S+)(?: times)?, (?P<vain>.+?)\.")


def number(text: str) -> float:
    return float(text.replace(",", ""))


def many(text: str) -> float:
    return {"once": 1, "twice": 2}.get(text) or number(text)


def ms(text: str) -> float:
    value, _, unit = text.partition(" ")
    return number(value) * (1000 if unit == "s" else 1)


def rate_of(text: str) -> float:
    if text == "nothing":
        return 0.0
    value = number(text.replace("every ", "").split(" ")[0])
    return 1 / value if text.startswith("every") else value


def same_share(shown: str, share: float) -> bool:
    """Whether a share is shown as one should, in whole hundredths."""
    if shown == "<1":
        return 0 < share < 0.005
    if shown == ">99":
        return 0.995 < share < 1
    return abs(number(shown) - 100 * share) <= 0.5 + 1e-9


def same_digits(shown: str, value: float) -> bool:
    """Whether a number is shown as itself, in the digits in which it is."""
    digits = len(shown.partition(".")[2])
    return abs(number(shown) - value) <= 0.5 * 10**-digits + 1e-9


class _Page:
    def __init__(self, page: dict[str, Any]) -> None:
        self.page, self.wrong = page, list[str]()
        self.lanes = page["lanes"]
        self.rate = rate_of(page["sliders"]["rate_per_s"])
        self.interval = number(page["sliders"]["poll_interval_s"].split(" ")[1])
        self.clients = int(number(page["sliders"]["clients"]))
        way = page["sliders"]["one_way_ms"]
        self.way = 0.0 if way == "none" else number(way.split(" ")[0])
        # The clock's next turn after the answer has come.
        turns = 1
        while turns * self.interval * 1000 <= 2 * self.way + 1e-6:
            turns += 1
        self.period = turns * self.interval
        others = re.search(r"(?:(Another)|([\d,]+) other) pages? looks? on", page["fine"])
        self.pages = 1 if not others else 2 if others[1] else 1 + int(number(others[2]))

    def hold(self, true: bool, what: str) -> None:
        if not true:
            self.wrong.append(what)

    def settings(self) -> None:
        found = _SET.fullmatch(self.page["set"])
        if found is None:
            self.wrong.append("what is set reads otherwise")
            return
        rate = 0.0 if found["none"] else 1.0 if found["one"] else number(found["rate"] or "0")
        if found["gap"]:
            rate = 1 / number(found["gap"])
        self.hold(math.isclose(rate, self.rate, rel_tol=0.01), "the rate is another")
        self.hold(number(found["interval"]) == self.interval, "the interval is another")
        self.hold(number(found["clients"] or "1") == self.clients, "the clients are others")
        self.hold(number(found["way"] or "0") == self.way, "the delay is another")
        period = number(found["period"]) if found["period"] else self.interval
        self.hold(abs(period - self.period) <= 0.051, "a poll's turns are others")
        by_hand = "by hand" in self.page["how"]
        if found["none"]:
            self.hold(("but by hand" in found["none"]) == by_hand, "by hand, or not")
        for name in self.page["pressed"]:
            shown = tuple(self.page["sliders"][key] for key in _KEYS)
            self.hold(PRESETS[name[:-1].strip()] == shown, f"{name} is pressed, and is not set")

    def formula(self) -> None:
        found = _FOLLOWS.fullmatch(self.page["follows"])
        if found is None:
            self.wrong.append("what follows reads otherwise")
            return
        due = self.rate * self.period
        self.hold(bool(found["all"]) == (due == 0), "all questions, or not all")
        if not found["all"]:
            self.hold(same_share(found["share"], math.exp(-due)), "the formula gives another share")
        if found["lump"]:
            self.hold(abs(number(found["lump"]) - due) <= 0.51, "a question brings others")
        lane = self.lanes["short-polling"]
        asked = _ASKED.match(lane["seen"])
        if found["asked"] and asked:
            self.hold(number(found["asked"]) == many(asked["asked"]), "asked otherwise")
        if found["asked"]:
            self.hold(f"{found['so_far']} %" == lane["wasted"], "so far is not what the lane has")
            share = number(found["empty"]) / number(found["asked"])
            self.hold(same_share(found["so_far"], share), "so far is miscounted")

    def amounts(self) -> None:
        """Whether as much has happened as can have in the time that is told."""
        time = re.match(r"in ([\d,]+) s(?:, ([\d,]+) by hand)?", self.page["how"])
        if time is None:
            return
        seconds, by_hand = number(time[1]) + 1, number(time[2] or "0")
        due = self.rate * seconds
        most = due + 6 * math.sqrt(due) + 3 + by_hand
        self.hold(number(self.page["published"]) <= most, "more was published than can be")
        asked = _ASKED.match(self.lanes["short-polling"]["seen"])
        clients = self.clients + self.pages - 1
        most = 2 * clients * (seconds / self.interval + 3)
        self.hold(not asked or many(asked["asked"]) <= most, "more was asked than can be")

    def verdict(self) -> None:
        if not self.page["says"]:
            return
        found = _SAYS.fullmatch(self.page["says"])
        if found is None:
            self.wrong.append("the verdict reads otherwise")
            return
        own = self.lanes["short-polling"]
        self.hold(found["each"] == own["each"], "the verdict's hits are not the lane's")
        running = {
            name: lane
            for name, lane in self.lanes.items()
            if name != "short-polling" and lane["landed"] >= 3 and lane["each"] != "–"
        }
        titles = {lane["title"].lower(): name for name, lane in running.items()}
        told = dict[str, str]()
        for side in re.split(r", (?=as much as|more than|less than)", found["sides"]):
            word = next(w for w in ("less than", "as much as", "more than") if side.startswith(w))
            named = side.removeprefix(word).strip()
            each = list(titles) if named == "any other lane" else re.split(r", | and ", named)
            for title in each:
                if title.lower() not in titles:
                    self.wrong.append(f"{title} does not run")
                    continue
                self.hold(titles[title.lower()] not in told, f"{title} stands on two sides")
                told[titles[title.lower()]] = word
        self.hold(told.keys() == running.keys(), "the verdict leaves a lane out")
        for name, word in told.items():
            mine, its = number(own["each"]), number(running[name]["each"])
            true = {"less than": mine < its, "as much as": mine == its, "more than": mine > its}
            self.hold(true[word], f"{own['each']} is not {word} {name}'s {running[name]['each']}")
        self.hold(found["late"] == own["median"], "the verdict's latency is not the lane's")
        medians = [ms(lane["median"]) for lane in [own, *running.values()]]
        soon = found["soon"] or found["late"]
        self.hold(ms(soon) == min(medians), "another lane is quicker")
        if found["who"]:
            shown = self.lanes[titles[found["who"].lower()]]["median"]
            self.hold(found["soon"] == shown, "the quickest lane's latency is another")

    def lane(self, name: str) -> None:
        lane = self.lanes[name]
        seen, hits = lane["seen"], lane["hits"]
        for key, text in lane.items():
            self.hold(
                not re.search(r"NaN|undefined|Infinity|null", str(text)), f"{name}: {key} is {text}"
            )
        if hits == "–" or lane["idle"]:
            return
        asked = _ASKED.match(seen)
        if asked:
            n, vain = many(asked["asked"]), asked["vain"]
            self.hold(n <= number(hits), f"{name}: asked more than it hit")
            count = re.match(r"([\d,]+) for nothing", vain)
            empty = number(count[1]) if count else 0
            self.hold(empty <= n, f"{name}: more for nothing than asked")
            self.hold(same_share(lane["wasted"].split(" ")[0], empty / n), f"{name}: for nothing")
        elif name not in ("short-polling", "long-polling"):
            self.hold(lane["wasted"] == "0 %", f"{name}: asks for nothing, and does not ask")
        if seen.startswith(("One ", "Connected;", "Connected.")):
            self.hold(number(hits) >= 1, f"{name}: connected without a hit")
        if seen.startswith("Connected before") and name != "mqtt":
            self.hold(hits == "0", f"{name}: connected before, and {hits} hits")
        spoke = re.search(r"(?:spoke (\S+)|brought ([\d,]+) message)", seen)
        if spoke and name not in ("short-polling", "long-polling"):
            said = many((spoke[1] or spoke[2]).rstrip(".,;"))
            self.hold(said == lane["landed"], f"{name}: {said} and {lane['landed']} landed")
        if "to be confirmed" in seen:
            self.hold(number(hits) >= lane["landed"], f"{name}: confirmed without hits")
        if "nobody has asked yet" in seen or "is on its way" in seen:
            self.hold(lane["stale"] != "0 s", f"{name}: something is there, and nothing is stale")
        if "Nothing is published" in seen:
            self.hold(self.page["published"] in "–0", f"{name}: something was published")
        if re.search("Nothing is published|still it asks|is silent", seen):
            self.hold(self.rate == 0, f"{name}: nothing is published, at a rate of {self.rate}")
            self.hold(lane["stale"] == "0 s", f"{name}: nothing is published, and it is stale")
        if lane["each"] != "–":
            counted = re.fullmatch(r"([\d,]+) hits? for ([\d,]+) deliver(?:y|ies)", lane["each_of"])
            self.hold(counted is not None and counted[1] == hits, f"{name}: of other hits")
            deliveries = number(counted[2]) if counted else 0
            self.hold(
                deliveries >= lane["landed"] * self.pages, f"{name}: landed, and not delivered"
            )
            value = number(hits) / max(1, deliveries)
            self.hold(same_digits(lane["each"], value), f"{name}: {lane['each']} is not {value}")
        if self.page["published"] != "–":
            published = number(self.page["published"])
            self.hold(lane["landed"] <= published, f"{name}: more landed than were published")

    def tour(self) -> None:
        says = self.page["scene"]
        short, push = self.lanes["short-polling"], self.lanes["websocket"]
        if found := re.search(r"asks: (\S+?)(?: times)?\.", says):
            asked = _ASKED.match(short["seen"])
            self.hold(not asked or many(asked["asked"]) == many(found[1]), "the scene's questions")
        if found := re.search(r"After (.+) by WebSocket, after (.+) by short polling", says):
            self.hold((found[1], found[2]) == (push["median"], short["median"]), "its times")
        if found := re.search(r": (\S+) %\.", says):
            self.hold(f"{found[1]} %" == short["wasted"], "its share")
        if found := re.search(r"often: (\S+) hits per delivery, and news is (.+) old", says):
            self.hold((found[1], found[2]) == (short["each"], short["median"]), "its costs")
        if found := re.search(r"delivery: short polling (\S+), long polling (\S+)\.", says):
            shown = (short["each"], self.lanes["long-polling"]["each"])
            self.hold((found[1], found[2]) == shown, "its hits for a delivery")
        if found := re.search(r"Hits: short polling (\S+), WebSocket (\S+)\.", says):
            self.hold((found[1], found[2]) == (short["hits"], push["hits"]), "its hits")


def contradictions(page: dict[str, Any]) -> list[str]:
    """What on the page contradicts something else there; `page` as `SNAPSHOT` reads it."""
    reader = _Page(page)
    reader.settings()
    reader.formula()
    reader.amounts()
    reader.verdict()
    for name in page["lanes"]:
        reader.lane(name)
    reader.tour()
    reader.hold(page["paused"] == (page["pauseWord"] == "Go on"), "paused, and not shown")
    hand = re.search(r", ([\d,]+) by hand", page["how"])
    if hand:
        reader.hold(number(hand[1]) <= number(page["published"]), "more by hand than published")
    return reader.wrong
