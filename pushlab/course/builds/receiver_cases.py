"""The hidden tests of chapter 6: what a broker sends, and what a QoS 1 receiver makes of it.

A broker sends a PUBLISH again until it has a receipt, with DUP set and under the same number of
packet if the session stands (MQTT 3.1.1, sections 4.3.2 and 4.4). A payload begins with the place
of the message in its channel, as `pushlab.contract.frames` writes it.
"""

from collections.abc import Callable, Sequence
from functools import partial
from operator import eq
from random import Random
from typing import Any

from pushlab.course.builds.cases import Case, Slip, Words

__all__ = ["CASES"]

#: Number of the packet, DUP, payload.
Packet = tuple[int, bool, str]
#: ``deliver`` or ``acknowledge``, and with what.
Act = tuple[str, Any]
_NEW, _DUP = False, True
_MESSAGES, _AT_ONCE, _MOST_BREAKS = 300, 3, 200
_LOST = 0.1


class _Failed(OSError):
    """The application could not take a message."""


class _Acts(list[Act]):
    """What a receiver did; shown as it would be written."""

    def __repr__(self) -> str:
        return ", ".join(f"{name}({what!r})" for name, what in self) or "nothing"


def _did(*acts: str | int) -> _Acts:
    """A text is delivered, a number acknowledged."""
    return _Acts([("deliver" if isinstance(act, str) else "acknowledge", act) for act in acts])


def _run(packets: Sequence[Packet], kind: Callable[..., Any], fails: int = 0) -> _Acts:
    """What a new receiver does with these packets.

    Args:
        fails: how many deliveries the application fails to take, before it takes all.
    """
    acts, left = _Acts(), fails

    def deliver(text: Any) -> None:
        nonlocal left
        acts.append(("deliver", text))
        if left:
            left -= 1
            raise _Failed("the disk is full")

    receiver = kind(deliver, lambda packet_id: acts.append(("acknowledge", packet_id)))
    for packet_id, dup, payload in packets:
        try:
            receiver.on_publish(packet_id, dup, payload)
        except _Failed:
            acts.append(("fails", "the disk is full"))
    return acts


def _shown(packets: Sequence[Packet], notes: Sequence[str]) -> str:
    lines = []
    for number, (packet_id, dup, payload) in enumerate(packets):
        again = ", DUP" if dup else ""
        note = notes[number] if number < len(notes) else ""
        lines.append(f"packet {packet_id}{again}: {payload!r}{f'  ({note})' if note else ''}")
    return "\n".join(lines)


def _case(
    name: str,
    packets: Sequence[Packet],
    expected: _Acts,
    *slips: tuple[Callable[[_Acts], bool] | _Acts, str, str],
    notes: Sequence[str] = (),
    fails: int = 0,
    otherwise: str = "",
) -> Case:
    return Case(
        name=name,
        given=_shown(packets, notes),
        tries=partial(_run, packets, fails=fails),
        expected=expected,
        slips=[
            Slip(slip, looks if callable(looks) else partial(eq, looks), reply)
            for looks, slip, reply in slips
        ],
        otherwise=otherwise,
    )


def _count(acts: _Acts, name: str) -> int:
    return sum(each == name for each, _ in acts)


def _twice(acts: _Acts) -> bool:
    texts = [what for name, what in acts if name == "deliver"]
    return len(texts) > len(set(texts))


_ONE: Packet = (5, _NEW, "a7-1 open valve 3")
_TEXT = "open valve 3"


def _two_at_once(kind: Callable[..., Any]) -> dict[str, _Acts]:
    made = {"first": _Acts(), "second": _Acts()}
    both = {
        name: kind(
            lambda text, acts=acts: acts.append(("deliver", text)),
            lambda packet_id, acts=acts: acts.append(("acknowledge", packet_id)),
        )
        for name, acts in made.items()
    }
    for receiver in both.values():
        receiver.on_publish(1, _NEW, "c9-1 shut")
    return made


CASES: tuple[Case, ...] = (
    _case(
        "A message is handed on, and acknowledged",
        [_ONE],
        _did(_TEXT, 5),
        (_did(_TEXT), "no receipt", "The broker waits for a receipt: `self.acknowledge`."),
        (_did(5), "not delivered", "The application never sees it: `self.deliver(text)`."),
        (
            _did(5, _TEXT),
            "receipt first",
            "You sign before you have handed it on. If the power fails between the two, the broker"
            " believes that all is well, and the message is lost. Hand it on first.",
        ),
        (
            _did("a7-1 open valve 3", 5),
            "whole payload",
            "The place in front, `a7-1`, is for you. The application gets the text behind the"
            " first space.",
        ),
        (
            _did("open", 5),
            "cuts the text",
            'The text has spaces of its own. Cut at the first one only: `payload.partition(" ")`.',
        ),
        (
            _did(_TEXT, 1),
            "receipt of a message",
            "A receipt names the packet, here 5. The number of the message, 1, is unknown to MQTT.",
        ),
    ),
    Case(
        name="Two receivers",
        given="two receivers; to each packet 1: 'c9-1 shut'",
        tries=_two_at_once,
        expected={"first": _did("shut", 1), "second": _did("shut", 1)},
        slips=(
            Slip(
                "shared",
                lambda came: _did("shut", 1) in came.values(),
                "Your two receivers share what they remember. What belongs to one of them is made"
                " in `__init__`, as `self.name = ...`, and not beside the methods.",
            ),
        ),
    ),
    _case(
        "The receipt is lost, and the message comes again",
        [_ONE, (5, _DUP, "a7-1 open valve 3")],
        _did(_TEXT, 5, 5),
        (
            _did(_TEXT, 5, _TEXT, 5),
            "twice",
            "The application gets it twice. QoS 1 promises at least once: to see that you have it"
            " already is your work.",
        ),
        (
            _did(_TEXT, 5),
            "no second receipt",
            "You have it already, but the broker does not know that, for the receipt was lost."
            " Without another one it will send the message again, after every break of the line.",
        ),
        notes=["the line breaks, and your receipt is lost"],
    ),
    _case(
        "Two receipts are lost",
        [
            (1, _NEW, "a7-1 open"),
            (2, _NEW, "a7-2 shut"),
            (1, _DUP, "a7-1 open"),
            (2, _DUP, "a7-2 shut"),
        ],
        _did("open", 1, "shut", 2, 1, 2),
        (
            _twice,
            "remembers one",
            "You remember only the last message. When several come again, the first of them is not"
            " the last one that you saw. Is its number higher than the highest you have handed on?",
        ),
        notes=["", "the line breaks, and both receipts are lost"],
    ),
    _case(
        "DUP, and you have never seen it",
        [(1, _NEW, "a7-1 open"), (2, _DUP, "a7-2 shut")],
        _did("open", 1, "shut", 2),
        (
            _did("open", 1, 2),
            "trusts DUP",
            "DUP says that the broker has sent it before. It does not say that it arrived: here it"
            " was lost on the way. Go by the number of the message.",
        ),
        (
            _did("open", 1),
            "trusts DUP",
            "DUP says that the broker has sent it before. It does not say that it arrived: here it"
            " was lost on the way. Go by the number of the message.",
        ),
        notes=["", "the first try was lost on the way"],
    ),
    _case(
        "A number of a packet is used again",
        [(1, _NEW, "a7-1 open"), (1, _NEW, "a7-2 shut")],
        _did("open", 1, "shut", 1),
        (
            lambda acts: _count(acts, "deliver") == 1,
            "goes by the packet",
            "Once a packet has its receipt, the broker gives its number to another message. It"
            " tells packets apart, not messages. The message's own number is in the payload.",
        ),
    ),
    _case(
        "The same message under another number of a packet",
        [(1, _NEW, "a7-1 open"), (9, _NEW, "a7-1 open")],
        _did("open", 1, 9),
        (
            _twice,
            "goes by the packet",
            "When the broker has forgotten the session, it begins anew: the same message comes in"
            " another packet, and without DUP. Go by the message's own number.",
        ),
        (
            _did("open", 1),
            "no second receipt",
            "You have it, and the broker waits for the receipt of packet 9 nevertheless.",
        ),
        notes=["the line breaks; the broker has forgotten the session"],
    ),
    _case(
        "The same text twice",
        [(1, _NEW, "a7-1 open"), (2, _NEW, "a7-2 open")],
        _did("open", 1, "open", 2),
        (
            lambda acts: _count(acts, "deliver") == 1,
            "goes by the text",
            "Two messages may say the same. Go by their numbers.",
        ),
    ),
    _case(
        "From 9 to 10",
        [(1, _NEW, "a7-9 nine"), (2, _NEW, "a7-10 ten"), (2, _DUP, "a7-10 ten")],
        _did("nine", 1, "ten", 2, 2),
        (
            _did("nine", 1, 2, 2),
            "compares texts",
            '`"10" > "9"` is False: texts are compared letter by letter. Make numbers of them with'
            " `int(...)`.",
        ),
        (
            lambda acts: _count(acts, "deliver") == 0,
            "waits for 1",
            "The first message that you see need not be number 1: others were there before you.",
        ),
    ),
    _case(
        "A hole in the numbers",
        [(1, _NEW, "a7-1 one"), (2, _NEW, "a7-4 four")],
        _did("one", 1, "four", 2),
        (
            lambda acts: ("deliver", "four") not in acts,
            "waits for the next",
            "Messages 2 and 3 never come: the broker has dropped them. Whoever waits for them waits"
            " for ever. Hand on what is newer than what you have.",
        ),
    ),
    _case(
        "A text with a hyphen",
        [(1, _NEW, "a7-1 2-1 in Graz - goal")],
        _did("2-1 in Graz - goal", 1),
        otherwise="Cut at the first space first: what is in front of it is the place.",
    ),
    _case(
        "The channel begins again",
        [
            (1, _NEW, "a7-1 old"),
            (2, _NEW, "a7-2 older"),
            (3, _NEW, "b4-1 new"),
            (3, _DUP, "b4-1 new"),
        ],
        _did("old", 1, "older", 2, "new", 3, 3),
        (
            lambda acts: ("deliver", "new") not in acts,
            "numbers of two lives",
            "`b4` is another life of the channel than `a7`: numbers begin at 1 again. You take the"
            " new 1 for an old one.",
        ),
        (
            _twice,
            "forgets in a new life",
            "In the new life, too, each number counts once.",
        ),
    ),
    _case(
        "The application fails once",
        [_ONE, (5, _DUP, "a7-1 open valve 3")],
        _Acts(
            [
                ("deliver", _TEXT),
                ("fails", "the disk is full"),
                ("deliver", _TEXT),
                ("acknowledge", 5),
            ]
        ),
        (
            lambda acts: (
                acts[:3] == _Acts([*_did(_TEXT), ("fails", "the disk is full"), *_did(5)])
                and len(acts) == 3
            ),
            "remembers too early",
            "You note the number before the application has taken the message. When it comes again,"
            " you believe that it is there. Hand it on first, then note it, then acknowledge.",
        ),
        (
            lambda acts: acts[:2] == _did(_TEXT, 5),
            "receipt in spite of all",
            "The application did not take the message, and you acknowledged it: it is lost. Let the"
            " error pass, without a receipt, and the broker sends it again.",
        ),
        notes=["`deliver` raises an OSError: the disk is full; the line breaks"],
        fails=1,
        otherwise="Where `deliver` fails there must be no receipt, and the next try must work.",
    ),
)


def _bad_day(kind: Callable[..., Any]) -> str:
    """What is wrong after a day on which the line breaks all the time."""
    rng, delivered, receipts = Random(6), [], []  # type: Random, list[Any], list[Any]
    receiver, open_ = kind(delivered.append, receipts.append), 0
    for life in ("a7", "b4"):
        left = [f"{life}-{n} message {n} of {life}" for n in range(1, _MESSAGES // 2 + 1)]
        waiting: dict[int, str] = {}  # for a receipt, in the order in which they were sent
        for _ in range(_MOST_BREAKS):
            again = set(waiting)
            while left and len(waiting) < _AT_ONCE:
                free = next(n for n in range(1, _AT_ONCE + 1) if n not in waiting)
                waiting[free] = left.pop(0)
            arrived = _before_a_break(rng, list(waiting))
            for packet_id in arrived:
                receiver.on_publish(packet_id, packet_id in again, waiting[packet_id])
            for each in _before_a_break(rng, receipts):
                waiting.pop(each, None)
            receipts.clear()
        open_ += len(left) + len(waiting)
    texts = [str(text) for text in delivered]
    missing = _MESSAGES - len(set(texts))
    return f"{missing} missing, {len(texts) - len(set(texts))} twice, {open_} without a receipt"


def _before_a_break(rng: Random, sent: Sequence[int]) -> list[int]:
    """What of it arrives before the line breaks, if it does."""
    lost = (at for at in range(len(sent)) if rng.random() < _LOST)
    return list(sent[: next(lost, len(sent))])


CASES += (
    Case(
        name="A day on which the line breaks all the time",
        given=f"{_MESSAGES} messages; every tenth packet, and every tenth receipt, is lost; in the"
        " middle the channel begins again",
        tries=_bad_day,
        expected=Words("0 missing, 0 twice, 0 without a receipt"),
        shows=Words,
        otherwise="Each of these has been tried alone before; here they come together.",
    ),
)
