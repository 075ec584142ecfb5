"""Errors as a student should meet them: one line in the notebook, and no traceback."""

from pushlab.errors import UsageError

__all__ = ["CourseError"]


class CourseError(UsageError):
    """Something in a cell that the student can put right; the text says how."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [str(self)]
