"""What was given is held against the skeleton: kind, parameters, and whether it was touched."""

import pytest

from pushlab.course.builds.attempts import cell
from pushlab.course.builds.cases import StudentError
from pushlab.course.builds.shape import check_shape, is_untouched

FUNCTION = "async def f(ask, sleep):\n    ..."
CLASS = """
class C:
    size = 1

    def feed(self, data):
        ...

    async def run(self):
        ...
"""


@pytest.mark.parametrize(
    ("code", "mistake"),
    [
        ("async def f(a, b):\n    pass", ""),
        ("async def f(*all):\n    pass", ""),
        ("async def f(a, b, c=1):\n    pass", ""),
        ("async def f(a):\n    pass", "parameters"),
        ("async def f(a, b, c):\n    pass", "parameters"),
        ("def f(a, b):\n    pass", "not async"),
        ("class f:\n    pass", "kind"),
        ("f = print", "kind"),
        ("f = 'f'", "kind"),
        ("async def g():\n    pass\nf = g()", "called"),
    ],
)
def test_a_function(code, mistake):
    held_against(code, FUNCTION, "f", mistake)


@pytest.mark.parametrize(
    ("code", "mistake"),
    [
        (CLASS, ""),
        (CLASS.replace("def feed", "@staticmethod\n    def feed"), "parameters"),
        (CLASS.replace("def feed(self, data)", "@staticmethod\n    def feed(data)"), ""),
        (CLASS.replace("feed", "eat"), "no method"),
        (CLASS.replace("(self, data)", "(self)"), "parameters"),
        (CLASS.replace("async ", ""), "not async"),
        (CLASS.replace("def feed", "async def feed"), "async"),
        (CLASS.replace("class C", "class D") + "\nC = D()", "kind"),
        (CLASS.replace("...", "yield 1", 1), "yields"),
    ],
)
def test_a_class(code, mistake):
    held_against(code, CLASS, "C", mistake)


def held_against(code, skeleton, name, mistake):
    answer = cell(code, name)
    if not mistake:
        check_shape(answer, skeleton, name)
        return
    with pytest.raises(StudentError) as caught:
        check_shape(answer, skeleton, name)
    assert caught.value.name == mistake


def test_what_was_touched():
    assert is_untouched(cell(FUNCTION, "f"), FUNCTION, "f")
    assert is_untouched(cell("# mine\n\n" + FUNCTION + "  # nothing yet", "f"), FUNCTION, "f")
    assert not is_untouched(cell(FUNCTION.replace("...", "return 1"), "f"), FUNCTION, "f")
    assert is_untouched(cell(CLASS, "C"), CLASS, "C")
    assert not is_untouched(cell(CLASS.replace("...", "return 1", 1), "C"), CLASS, "C")
    more = CLASS + "\n    def more(self):\n        pass"
    assert not is_untouched(cell(more, "C"), CLASS, "C")
