"""The course: what its notebooks call, so that a cell is a question and not plumbing.

What is named here is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pushlab.course.answer_sheet import answers
    from pushlab.course.beside import beside_reference, month_of
    from pushlab.course.exercises import exercise
    from pushlab.course.guesses import predict
    from pushlab.course.measuring import measure
    from pushlab.course.paper import on_paper
    from pushlab.course.plugin import check_transport, race
    from pushlab.course.polling_kit import PollingTransport
    from pushlab.course.ready import ready
    from pushlab.course.sliders import explore
    from pushlab.course.wire import show_wire

_HOMES = {
    "PollingTransport": "polling_kit",
    "answers": "answer_sheet",
    "beside_reference": "beside",
    "check_transport": "plugin",
    "exercise": "exercises",
    "explore": "sliders",
    "measure": "measuring",
    "month_of": "beside",
    "on_paper": "paper",
    "predict": "guesses",
    "race": "plugin",
    "ready": "ready",
    "show_wire": "wire",
}

__all__ = [
    "PollingTransport",
    "answers",
    "beside_reference",
    "check_transport",
    "exercise",
    "explore",
    "measure",
    "month_of",
    "on_paper",
    "predict",
    "race",
    "ready",
    "show_wire",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(f"pushlab.course.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
