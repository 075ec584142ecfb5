"""Receivers of QoS 1 that people write."""

from pushlab.course.builds.attempts import Attempt, but
from pushlab.course.builds.receiver import BUILDS

_CODE = BUILDS[0].code
_ASKS = "if int(number) > self.highest:"
_DELIVERS = (
    "            self.deliver(text)\n"
    "            self.highest = int(number)  # only now: it may have failed\n"
)
_ALWAYS = "        self.acknowledge(packet_id)  # always: the last receipt may be lost\n"

ATTEMPTS = (
    Attempt(
        name="hands on and acknowledges whatever comes",
        code=but(_CODE, (_ASKS, "if True:")),
        mistake="twice",
        says="at least",
    ),
    Attempt(
        name="no receipt",
        code=but(_CODE, (_ALWAYS, "")),
        mistake="no receipt",
        says="waits for a receipt",
    ),
    Attempt(
        name="receipt first",
        code=but(
            _CODE,
            (_ALWAYS, ""),
            ("        place, _,", "        self.acknowledge(packet_id)\n        place, _,"),
        ),
        mistake="receipt first",
        says="Hand it on first",
    ),
    Attempt(
        name="the whole payload",
        code=but(_CODE, ("self.deliver(text)", "self.deliver(payload)")),
        mistake="whole payload",
        says="behind the first space",
    ),
    Attempt(
        name="one word of the text",
        code=but(
            _CODE,
            ('payload.partition(" ")', '[*payload.split(" "), ""][0:3]'),
            ("place, _, text", "place, text, _"),
        ),
        mistake="cuts the text",
        says="Cut at the first one only",
    ),
    Attempt(
        name="acknowledges the message's number",
        code=but(_CODE, ("self.acknowledge(packet_id)", "self.acknowledge(int(number))")),
        mistake="receipt of a message",
        says="names the packet",
    ),
    Attempt(
        name="acknowledges only what is new",
        code=but(_CODE, (_ALWAYS, "    " + _ALWAYS)),
        mistake="no second receipt",
        says="the receipt was lost",
    ),
    Attempt(
        name="remembers the last only",
        code=but(_CODE, (_ASKS, "if int(number) != self.highest:")),
        mistake="remembers one",
        says="the highest you have handed on",
    ),
    Attempt(
        name="trusts DUP",
        code=but(_CODE, (_ASKS, "if not dup:")),
        mistake="trusts DUP",
        says="It does not say that it arrived",
    ),
    Attempt(
        name="remembers numbers of packets",
        code=but(
            _CODE,
            ("self.life, self.highest = None, 0", "self.life, self.seen = None, set()"),
            ("self.life, self.highest = life, 0", "self.life, self.seen = life, set()"),
            (_ASKS, "if packet_id not in self.seen:"),
            ("self.highest = int(number)", "self.seen.add(packet_id)"),
        ),
        mistake="goes by the packet",
        says="not messages",
    ),
    Attempt(
        name="drops a packet that is marked and known",
        code=but(
            _CODE,
            ("self.life, self.highest = None, 0", "self.life, self.seen = None, set()"),
            ("self.life, self.highest = life, 0", "self.life = life"),
            (_ASKS, "if not (dup and packet_id in self.seen):"),
            ("self.highest = int(number)", "self.seen.add(packet_id)"),
        ),
        mistake="goes by the packet",
        says="forgotten the session",
    ),
    Attempt(
        name="goes by the text",
        code=but(
            _CODE,
            ("self.life, self.highest = None, 0", "self.life, self.seen = None, set()"),
            ("self.life, self.highest = life, 0", "self.life, self.seen = life, set()"),
            (_ASKS, "if text not in self.seen:"),
            ("self.highest = int(number)", "self.seen.add(text)"),
        ),
        mistake="goes by the text",
        says="Go by their numbers",
    ),
    Attempt(
        name="compares texts",
        code=but(
            _CODE,
            ("= None, 0", '= None, ""'),
            ("= life, 0", '= life, ""'),
            (_ASKS, "if number > self.highest:"),
            ("self.highest = int(number)", "self.highest = number"),
        ),
        mistake="compares texts",
        says="letter by letter",
    ),
    Attempt(
        name="waits for the next number",
        code=but(_CODE, (_ASKS, "if int(number) == self.highest + 1:")),
        mistake="waits for 1",
        says="need not be number 1",
    ),
    Attempt(
        name="begins anywhere and waits for the next number",
        code=but(_CODE, (_ASKS, "if not self.highest or int(number) == self.highest + 1:")),
        mistake="waits for the next",
        says="waits for ever",
    ),
    Attempt(
        name="does not look at the life",
        code=but(_CODE, ("if life != self.life:", "if False:")),
        mistake="numbers of two lives",
        says="another life",
    ),
    Attempt(
        name="cuts at every hyphen",
        code=but(
            _CODE,
            ('place.partition("-")', '(payload.split("-")[0], "", payload.split("-")[1])'),
            ("int(number)", "int(number.split()[0])"),
            ("int(number)", "int(number.split()[0])"),
            ("deliver(text)", 'deliver(payload.split("-")[1].partition(" ")[2])'),
        ),
        mistake="",
        says="Cut at the first space first",
    ),
    Attempt(
        name="remembers before it has handed on",
        code=but(
            _CODE,
            (_DELIVERS, "            self.highest = int(number)\n            self.deliver(text)\n"),
        ),
        mistake="remembers too early",
        says="Hand it on first, then note it",
    ),
    Attempt(
        name="acknowledges in spite of an error",
        code=but(
            _CODE,
            (
                "            self.deliver(text)\n",
                "            try:\n                self.deliver(text)\n"
                "            except OSError:\n                pass\n",
            ),
        ),
        mistake="receipt in spite of all",
        says="did not take the message",
    ),
    Attempt(
        name="acknowledges in the end, whatever happened",
        code=but(
            _CODE,
            (
                "        place, _,",
                "        try:\n            self.take(payload)\n        finally:\n"
                "            self.acknowledge(packet_id)\n\n    def take(self, payload):\n"
                "        place, _,",
            ),
            (_ALWAYS, ""),
        ),
        mistake="receipt in spite of all",
        says="without a receipt",
    ),
    Attempt(
        name="all receivers share what they have seen",
        code=but(
            _CODE,
            ("    def __init__", "    seen = set()\n\n    def __init__"),
            (_ASKS, "if (life, number) not in self.seen:"),
            ("self.highest = int(number)", "self.seen.add((life, number))"),
        ),
        mistake="shared",
        says="made in `__init__`",
    ),
    Attempt(
        name="broken: a slip of the pen",
        code=but(_CODE, ("self.deliver(text)", "self.delivers(text)")),
        mistake="raises",
        says="AttributeError",
    ),
    Attempt(
        name="takes other parameters",
        code=but(_CODE, ("packet_id, dup, payload", "packet_id, payload")),
        mistake="parameters",
        says="on_publish(self, packet_id, dup, payload)",
    ),
)
