"""Chapter 6's build: a QoS 1 receiver that survives a lost PUBACK."""

from pushlab.course.builds.base import Build
from pushlab.course.builds.receiver_cases import CASES

__all__ = ["BUILDS"]

_SKELETON = """
class Receiver:
    def __init__(self, deliver, acknowledge):
        self.deliver = deliver
        self.acknowledge = acknowledge

    def on_publish(self, packet_id, dup, payload):
        # your lines
        ...
"""

_GAPS = """
class Receiver:
    def __init__(self, deliver, acknowledge):
        self.deliver = deliver
        self.acknowledge = acknowledge
        self.life, self.highest = None, 0

    def on_publish(self, packet_id, dup, payload):
        place, _, text = payload.partition(" ")
        life, _, number = place.partition("-")
        if life != self.life:
            ...
        if int(number) > ...:
            ...  # two lines, in the right order
        ...
"""

_CODE = """
class Receiver:
    def __init__(self, deliver, acknowledge):
        self.deliver = deliver
        self.acknowledge = acknowledge
        self.life, self.highest = None, 0

    def on_publish(self, packet_id, dup, payload):
        place, _, text = payload.partition(" ")
        life, _, number = place.partition("-")
        if life != self.life:
            self.life, self.highest = life, 0
        if int(number) > self.highest:
            self.deliver(text)
            self.highest = int(number)  # only now: it may have failed
        self.acknowledge(packet_id)  # always: the last receipt may be lost
"""

BUILDS: tuple[Build, ...] = (
    Build(
        name="Receiver",
        question=(
            "Build it: the receiver of orders that come with QoS 1. `on_publish` is called for"
            " every packet that arrives. `self.deliver(text)` hands a text to the application, and"
            " `self.acknowledge(packet_id)` sends a receipt, a PUBACK. The application must get"
            " every order exactly once, and every packet that arrives its receipt.\n\n"
            "The line may break, and then receipts get lost, and packets too. The broker sends"
            " everything again for which it has no receipt, with `dup` set. `packet_id` is a number"
            " that it uses again once it is free.\n\n"
            "`payload` is a text such as `a7-18 open valve 3`: this is message 18 of the channel's"
            " life `a7`, and it says `open valve 3`. In one life the numbers only go up; holes may"
            " be in them. When the channel begins again, its life has another name, and the numbers"
            " begin at 1."
        ),
        skeleton=_SKELETON,
        hints=(
            'First take the payload apart: `place, _, text = payload.partition(" ")`, and `place`'
            ' the same way at the `"-"`.',
            "Which of `packet_id`, `dup` and the message's own number tells you for certain that"
            " you have a message already? Remember the highest number that you have handed on.",
            "In which order: hand it on, remember it, acknowledge it? Think of a power cut between"
            " any two of them. And acknowledge even what you have already.",
        ),
        gaps=_GAPS,
        code=_CODE,
        cases=CASES,
        why=(
            "QoS 1 promises at least once, from the broker to you. Exactly once for the"
            " application is your work, with a number in the message itself: neither DUP nor the"
            " packet's number says what you have. pushlab's own client does it so. (If your program"
            " itself may die, `highest` must be kept where the application keeps its data.)"
        ),
    ),
)
