"""The course: what its notebooks call, so that a cell is a question and not plumbing.

What is named here is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pushlab.course.answer_sheet import answers as answers
    from pushlab.course.beside import beside_reference as beside_reference
    from pushlab.course.beside import month_of as month_of
    from pushlab.course.exercises import exercise as exercise
    from pushlab.course.guesses import predict as predict
    from pushlab.course.hiccups import hiccup as hiccup
    from pushlab.course.measuring import measure as measure
    from pushlab.course.own_hub import own_hub as own_hub
    from pushlab.course.paper import on_paper as on_paper
    from pushlab.course.plugin import check_transport as check_transport
    from pushlab.course.plugin import race as race
    from pushlab.course.polling_kit import PollingTransport as PollingTransport
    from pushlab.course.ready import ready as ready
    from pushlab.course.sliders import explore as explore
    from pushlab.course.two_hubs import two_hubs as two_hubs
    from pushlab.course.wire import show_wire as show_wire

_HOMES = {
    "PollingTransport": "polling_kit",
    "answers": "answer_sheet",
    "beside_reference": "beside",
    "check_transport": "plugin",
    "exercise": "exercises",
    "explore": "sliders",
    "hiccup": "hiccups",
    "measure": "measuring",
    "month_of": "beside",
    "on_paper": "paper",
    "own_hub": "own_hub",
    "predict": "guesses",
    "race": "plugin",
    "ready": "ready",
    "show_wire": "wire",
    "two_hubs": "two_hubs",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in ("exercise", "predict"):
        import_module("pushlab.course.unquoted").read_as_on_paper()
    if name in _HOMES:
        value = getattr(import_module(f"pushlab.course.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
