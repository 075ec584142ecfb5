"""The shape of what a student gives: its kind and parameters, and whether it was touched at all."""

import ast
import inspect
import types
from collections.abc import Iterator
from typing import Any

from pushlab.course.builds.cases import StudentError

__all__ = ["check_shape", "is_untouched"]


def check_shape(answer: Any, skeleton: str, name: str) -> None:
    """Hold what was given against the skeleton's definition of that name.

    Raises:
        StudentError: it is of another kind, lacks a method, or takes other parameters.
    """
    wanted = _definition(skeleton, name)
    if isinstance(wanted, ast.ClassDef):
        if not isinstance(answer, type):
            raise StudentError("kind", f"Give the class itself, without brackets: `{name}`.")
        for method in _functions(wanted.body):
            found = inspect.getattr_static(answer, method.name, None)
            if not inspect.isroutine(found) or isinstance(found, types.WrapperDescriptorType):
                told = f"Your class has no method `{method.name}`, which the judge calls."
                raise StudentError("no method", told)
            unwrapped = getattr(found, "__func__", found)
            _check_function(unwrapped, method, isinstance(found, staticmethod))
        return
    if inspect.iscoroutine(answer):
        answer.close()
        raise StudentError("called", f"Give `{name}` itself, without brackets behind it.")
    if not inspect.isfunction(answer):
        raise StudentError("kind", f"Give the function itself, without brackets: `{name}`.")
    assert isinstance(wanted, ast.FunctionDef | ast.AsyncFunctionDef)
    _check_function(answer, wanted, False)


def _check_function(
    found: Any, wanted: ast.FunctionDef | ast.AsyncFunctionDef, static: bool
) -> None:
    name, names = wanted.name, [each.arg for each in wanted.args.args]
    head = f"{name}({', '.join(names)})"
    if isinstance(wanted, ast.AsyncFunctionDef) and not inspect.iscoroutinefunction(found):
        raise StudentError("not async", f"Begin with `async def {head}`, or it cannot `await`.")
    if isinstance(wanted, ast.FunctionDef) and inspect.iscoroutinefunction(found):
        raise StudentError("async", f"Nothing has to wait here: begin with `def {head}`.")
    if isinstance(wanted, ast.FunctionDef) and inspect.isgeneratorfunction(found):
        raise StudentError("yields", f"`{name}` uses `yield`; let it `return` what it has.")
    try:
        inspect.signature(found).bind(*names[1 if static else 0 :])
    except TypeError as error:
        told = f"The judge calls `{head}`, and yours takes other parameters ({error})."
        raise StudentError("parameters", told) from None
    except ValueError:  # it has no signature that can be read; calling will tell
        return


def is_untouched(answer: Any, skeleton: str, name: str) -> bool:
    """Whether it is still the skeleton, whatever its comments say."""
    module = compile(skeleton, "<skeleton>", "exec", dont_inherit=True)
    (code,) = (each for each in _codes(module) if each.co_name == name)
    if not isinstance(answer, type):
        given = getattr(answer, "__code__", None)
        return given is not None and _print_of(given) == _print_of(code)
    mine = {
        key: getattr(getattr(value, "__func__", value), "__code__", None)
        for key, value in vars(answer).items()
    }
    theirs = {each.co_name: each for each in _codes(code) if not each.co_name.startswith("<")}
    touched = {key for key, value in mine.items() if value is not None} - set(theirs)
    same = all(
        (given := mine.get(key)) is not None and _print_of(given) == _print_of(value)
        for key, value in theirs.items()
    )
    return same and not touched


def _print_of(code: types.CodeType) -> tuple[Any, ...]:
    """What a code object does, without where it stands."""
    consts = tuple(
        _print_of(each) if isinstance(each, types.CodeType) else repr(each)
        for each in code.co_consts
    )
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, consts


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    return (each for each in code.co_consts if isinstance(each, types.CodeType))


def _definition(skeleton: str, name: str) -> ast.stmt:
    for each in ast.parse(skeleton).body:
        if getattr(each, "name", None) == name:
            return each
    raise AssertionError(f"the skeleton does not define {name}")


def _functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (each for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
