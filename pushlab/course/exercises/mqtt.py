"""Chapter 6: receipts, topics, and how sure a message must be."""

from pushlab.course.exercises.base import Choice, Exercise, Number
from pushlab.course.exercises.mistakes import forgot, instead, per_client, twice
from pushlab.course.exercises.varied import Varied, varied

__all__ = ["EXERCISES"]


@varied(valves=(300, 200, 400, 500), a_minute=(4, 3, 5, 6))
def _receipts(valves: int, a_minute: int) -> Number:
    an_hour = valves * a_minute * 60
    return Number(
        question=(
            f"Each of {valves} valves gets {a_minute} orders a minute, with QoS 1. How many"
            " receipts does the broker get in one hour?"
        ),
        answer=an_hour,
        unit="receipts an hour",
        mistakes=(
            per_client(valves),
            forgot(60, "per minute", "That is for one minute. An hour has 60 of them."),
            twice("That counts orders and receipts. Only the receipts come back to the broker."),
            forgot(3600, "per second", "That is for one second. We ask for an hour."),
            instead(0, "postcards", "That would be QoS 0. With QoS 1 each message has a receipt."),
        ),
        clue="With QoS 1 each message that arrives has one receipt. How many arrive in an hour?",
        why=(
            f"{valves} valves x {a_minute} orders x 60 minutes = {an_hour:,} messages, and a"
            " receipt for each."
        ),
    )


EXERCISES: tuple[Exercise | Varied, ...] = (
    _receipts,
    Choice(
        question=(
            "A thermometer tells the temperature once a second. A screen shows the newest one."
            " Which kind of letter would you choose?"
        ),
        options={
            "0": "QoS 0: sent once, without a receipt",
            "1": "QoS 1: with a receipt, may come twice",
            "2": "QoS 2: exactly once",
        },
        answer="0",
        replies={
            "1": "You may. But what is a lost value worth one second later, when the next is here?",
            "2": (
                "Twice the letters, so that a number is never shown twice. What harm would it do if"
                " it were?"
            ),
        },
        clue="What happens if one value is lost? How long does the harm last?",
        why=(
            "If one is lost, the next comes a second later and replaces it anyway. Receipts would"
            " double the packets for nothing. (An order, `open the valve`, is another matter.)"
        ),
    ),
    Choice(
        question="You subscribe to `greenhouse/+/temperature`. Which message comes to you?",
        options={
            "a": "one to `greenhouse/temperature`",
            "b": "one to `greenhouse/3/table/temperature`",
            "c": "one to `greenhouse/3/temperature`",
            "d": "one to `greenhouse/3/humidity`",
        },
        answer="c",
        replies={
            "a": "The `+` stands for exactly one name. Here there is none between the two words.",
            "b": "The `+` stands for exactly one name. Here there are two. (`#` takes them all.)",
            "d": "The last name of the topic is given. Is it the same?",
        },
        clue="Put one name in place of the `+`, and leave the rest as it is.",
        why="The `+` stands for one name, here `3`; all the rest of the topic must be the same.",
    ),
)
